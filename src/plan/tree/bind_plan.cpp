#include <algorithm>

#include "pgsluice/plan/plan.h"
#include "plan/sql/bind_sql.h"
#include "plan/sql/read_sql.h"

namespace pgsluice::plan {

namespace {

/// Replaces the relations and the name of the schema in a plan.
class Binder {
 public:
  explicit Binder(const Schemas::Member& member)
      : member_(member), binding_(member.name, std::to_string(member.root)) {}

  std::shared_ptr<const Plan> Bind(const Plan& shape) const {
    auto plan = std::make_shared<Plan>(shape);
    plan->schema = member_.name;
    plan->root = member_.root;
    plan->root_name = binding_.Sql(plan->root_name);
    plan->config.of_schema = member_.name;
    plan->resolved = member_.resolved;
    for (std::size_t i = 0; i < plan->relations.size(); ++i) {
      plan->relations[i] = {member_.Own(plan->relations[i].oid), member_.layouts.at(i)};
    }
    for (Source& source : plan->sources) {
      source.table = member_.Own(source.table);
      source.table_name = binding_.Sql(source.table_name);
      Bind(source.to_roots, plan->name);
    }
    for (pg::Statement* statement :
         {&plan->read_by_key, &plan->read_many_by_key, &plan->missing_keys, &plan->keep_times,
          &plan->missing_ids, &plan->keys_of_ids, &plan->ids_of_keys}) {
      Bind(*statement, plan->name);
    }
    for (std::string* sql : {&plan->block_sql, &plan->block_keys_sql, &plan->all_keys_sql,
                             &plan->keep_block_times_sql, &plan->keep_all_times_sql}) {
      *sql = binding_.Sql(*sql);
    }
    return plan;
  }

 private:
  /// Sessions find statements by their text, so this name is only for people.
  void Bind(pg::Statement& statement, const std::string& index) const {
    if (statement.sql.empty()) return;
    statement = {"document:" + index, binding_.Sql(statement.sql)};
  }

  const Schemas::Member& member_;
  const SchemaBinding binding_;
};

}  // namespace

std::uint32_t Schemas::Member::Own(std::uint32_t of_shape) const {
  const auto found = std::find_if(oids.begin(), oids.end(),
                                  [&](const auto& pair) { return pair.first == of_shape; });
  return found == oids.end() ? of_shape : found->second;
}

std::optional<std::size_t> Schemas::Find(std::string_view name) const {
  const auto found =
      std::lower_bound(members.begin(), members.end(), name,
                       [](const Member& member, std::string_view n) { return member.name < n; });
  if (found == members.end() || found->name != name) return std::nullopt;
  return static_cast<std::size_t>(found - members.begin());
}

std::optional<std::size_t> Schemas::FindRelation(std::uint32_t oid) const {
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Member& member = members[i];
    const auto& below = member.descendants;
    if (member.root == oid || std::find(below.begin(), below.end(), oid) != below.end()) return i;
  }
  return std::nullopt;
}

std::shared_ptr<const Plan> Plan::Of(std::size_t member) const {
  const Schemas::Member& one = schemas->members.at(member);
  return Binder(one).Bind(*schemas->shapes.at(one.shape));
}

}  // namespace pgsluice::plan
