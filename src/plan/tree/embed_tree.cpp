#include "plan/tree/embed_tree.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "pgsluice/plan/engine_path.h"
#include "plan/index/type_rules.h"
#include "plan/tree/checks.h"
#include "plan/tree/foreign_keys.h"

namespace pgsluice::plan {

namespace {

class Resolver {
 public:
  Resolver(const config::Embed& embed, const catalog::Table& parent, std::string prefix,
           std::string nested_path, int& count, Building& building)
      : embed_(embed),
        parent_(parent),
        prefix_(std::move(prefix)),
        nested_path_(std::move(nested_path)),
        count_(count),
        building_(building) {}

  std::unique_ptr<Node> Resolve() {
    node_->config = &embed_;
    node_->name = fmt::format("n{}", ++count_);
    if (FieldNameOf(embed_.name, prefix_.empty(), true) != embed_.name) {
      building_.Error(embed_.place, fmt::format("{} is not a field name", Quoted(embed_.name)),
                      "names of embeds do not contain . * ^, do not begin with __ and are not the "
                      "engine's own");
      return nullptr;
    }
    if (!ResolveSteps()) return nullptr;
    const catalog::Table& table = node_->table();
    if (!CheckKey(table)) return nullptr;
    node_->unique = !node_->through() && IsUnique(table, node_->steps.back().here, embed_.key);
    node_->many = node_->through() ||
                  embed_.many.value_or(!HasUniqueKey(table, node_->steps.back().here, embed_.key));
    ReadFragments(table);
    node_->field.name = embed_.name;
    node_->field.path = prefix_ + embed_.name;
    if (node_->aggregate()) {
      Aggregate(table);
    } else if (!embed_.value.empty()) {
      Value(table);
    } else {
      Objects(table);
    }
    return std::move(node_);
  }

 private:
  bool ResolveSteps() {
    const catalog::Table* above = &parent_;
    for (const config::Through& through : embed_.through) {
      if (!AddStep(through.table, through.on, embed_.place + ".through", above)) return false;
    }
    return AddStep(embed_.table, embed_.on, embed_.place, above);
  }

  bool AddStep(const std::string& name, const config::On& on, const std::string& place,
               const catalog::Table*& above) {
    Step step;
    step.table = FindTable(name, place + ".table", building_);
    if (step.table == nullptr || !CheckTable(*step.table, place + ".table", building_) ||
        !ResolveOn(on, *above, place, step, building_)) {
      return false;
    }
    WarnWithoutIndex(*step.table, step.here, place, building_);
    above = step.table;
    node_->steps.push_back(std::move(step));
    return true;
  }

  bool CheckKey(const catalog::Table& table) {
    if (table.IsView() && (embed_.key.empty() || embed_.sources.empty())) {
      building_.Error(
          embed_.place, table.QualifiedName() + " is a view",
          "name the columns that identify its rows in \"key\" and the tables it is made "
          "from in \"sources\"");
      return false;
    }
    for (const std::string& column : embed_.key) {
      if (table.Find(column) == nullptr) {
        building_.UnknownColumn(embed_.place + ".key", table, column);
        return false;
      }
    }
    node_->identity = embed_.key.empty() ? table.Identity() : embed_.key;
    return true;
  }

  void ReadFragments(const catalog::Table& table) {
    const auto read = [&](FragmentCheck::Use use, const char* what, const std::string& sql) {
      std::set<std::string> columns;
      if (!sql.empty()) {
        building_.Accept({use, embed_.place + "." + what, sql, "child", &table}, columns);
      }
      return std::vector<std::string>(columns.begin(), columns.end());
    };
    node_->where_columns = read(FragmentCheck::Use::kCondition, "where", embed_.where);
    node_->order_columns = read(FragmentCheck::Use::kOrder, "order_by", embed_.order_by);
    if (embed_.limit.has_value() && embed_.order_by.empty()) {
      building_.Error(embed_.place + ".limit", "a limit without an order would keep arbitrary rows",
                      "add \"order_by\"");
    }
    if (embed_.limit.has_value() && *embed_.limit < 1) {
      building_.Error(embed_.place + ".limit", "the limit is less than 1");
    }
  }

  const catalog::Column* FindColumn(const catalog::Table& table, const char* what,
                                    const std::string& name) {
    const catalog::Column* column = table.Find(name);
    if (column == nullptr) building_.UnknownColumn(embed_.place + "." + what, table, name);
    return column;
  }

  void Aggregate(const catalog::Table& table) {
    Field& field = node_->field;
    field.nested_path = nested_path_;
    field.kind = Kind::kInteger;
    field.engine_type = "long";
    field.pg_type = "bigint";
    field.bigint = true;
    field.nullable = embed_.aggregate != config::Aggregate::kCount;
    if (!field.nullable) return;
    node_->value = FindColumn(table, "aggregate", embed_.aggregate_column);
    if (node_->value == nullptr) return;
    const std::string& base = node_->value->type.base;
    const bool orders =
        embed_.aggregate == config::Aggregate::kMin || embed_.aggregate == config::Aggregate::kMax;
    if (!orders && !node_->value->type.BuiltIn()) {
      building_.Error(embed_.place + ".aggregate",
                      fmt::format("column {} has type {}, which has no sum",
                                  Quoted(embed_.aggregate_column), node_->value->type.sql),
                      "name a column of a numeric type, interval or money");
      return;
    }
    const bool small = base == "int2" || base == "int4";
    if (orders) {
      ApplyType(node_->value->type, field);
    } else if (embed_.aggregate == config::Aggregate::kAvg || !small) {
      field.kind = Kind::kDecimal;
      field.engine_type = "double";
      field.pg_type = "numeric";
    }
  }

  void Value(const catalog::Table& table) {
    node_->value = FindColumn(table, "value", embed_.value);
    if (node_->value == nullptr) return;
    Field& field = node_->field;
    ApplyType(node_->value->type, field);
    field.array = field.array || node_->many;
    field.nullable = !node_->many;
    field.nested_path = nested_path_;
    if (field.kind == Kind::kJson || field.kind == Kind::kRange) {
      field.kind = Kind::kRange;  // Stored, not mapped: one bad element would fail the document.
      field.engine_type.clear();
    }
  }

  void Objects(const catalog::Table& table) {
    Field& field = node_->field;
    field.kind = Kind::kObject;
    field.engine_type = "object";
    field.array = node_->many;
    field.nullable = !node_->many;
    node_->nested = embed_.nested.value_or(node_->many);
    field.nested = node_->nested;
    field.nested_path = field.nested ? field.path : nested_path_;
    const std::string below = field.path + ".";
    node_->level = BuildLevel(table,
                              {embed_.columns, embed_.exclude, embed_.rename, embed_.fields,
                               embed_.no_columns, embed_.place, "child", below},
                              building_);
    node_->children =
        ResolveEmbeds(embed_.embeds, table, below, field.nested_path, count_, building_);
    for (Field& own : node_->level.fields) own.nested_path = field.nested_path;
    field.fields = node_->level.fields;
    std::set<std::string> names;
    for (const Field& own : field.fields) names.insert(own.name);
    for (const auto& child : node_->children) {
      if (!names.insert(child->field.name).second) {
        building_.Error(child->config->place,
                        fmt::format("there is already a field {}", Quoted(child->field.name)),
                        "exclude or rename the column, or name the embed differently");
      }
      field.fields.push_back(child->field);
    }
  }

  const config::Embed& embed_;
  const catalog::Table& parent_;
  std::string prefix_, nested_path_;
  int& count_;
  Building& building_;
  std::unique_ptr<Node> node_ = std::make_unique<Node>();
};

}  // namespace

std::vector<std::unique_ptr<Node>> ResolveEmbeds(const std::vector<config::Embed>& embeds,
                                                 const catalog::Table& parent,
                                                 const std::string& prefix,
                                                 const std::string& nested_path, int& count,
                                                 Building& building) {
  std::vector<std::unique_ptr<Node>> nodes;
  for (const config::Embed& embed : embeds) {
    if (auto node = Resolver(embed, parent, prefix, nested_path, count, building).Resolve()) {
      nodes.push_back(std::move(node));
    }
  }
  return nodes;
}

bool IsUnique(const catalog::Table& table, const std::vector<std::string>& columns,
              const std::vector<std::string>& view_key) {
  return !table.HasInheritanceChildren() && HasUniqueKey(table, columns, view_key);
}

bool HasUniqueKey(const catalog::Table& table, const std::vector<std::string>& columns,
                  const std::vector<std::string>& view_key) {
  const auto covered = [&](const std::vector<std::string>& key) {
    return !key.empty() && std::all_of(key.begin(), key.end(), [&](const std::string& column) {
      return std::find(columns.begin(), columns.end(), column) != columns.end();
    });
  };
  if (covered(view_key)) return true;
  return std::any_of(table.indexes.begin(), table.indexes.end(), [&](const catalog::Index& index) {
    return index.unique && !index.partial && covered(index.columns);
  });
}

bool HasIndex(const catalog::Table& table, const std::vector<std::string>& columns) {
  return std::any_of(table.indexes.begin(), table.indexes.end(), [&](const catalog::Index& index) {
    return !index.partial && !index.columns.empty() &&
           std::find(columns.begin(), columns.end(), index.columns.front()) != columns.end();
  });
}

bool HasOrderedIndex(const catalog::Table& table, const std::string& column) {
  return std::any_of(table.indexes.begin(), table.indexes.end(), [&](const catalog::Index& index) {
    return index.ordered && !index.partial && !index.columns.empty() &&
           index.columns.front() == column;
  });
}

void WarnWithoutIndex(const catalog::Table& table, const std::vector<std::string>& columns,
                      const std::string& place, Building& building) {
  if (table.kind == 'v' || HasIndex(table, columns)) return;
  std::vector<std::string> quoted;
  for (const std::string& column : columns) quoted.push_back(Quoted(column));
  const std::string create =
      fmt::format("CREATE INDEX ON {} ({});", table.QualifiedName(), fmt::join(quoted, ", "));
  for (const config::Finding& finding : building.findings) {
    if (finding.hint == create) return;
  }
  building.Warn(place,
                fmt::format("no index on {} ({}): every change has to scan the table",
                            table.QualifiedName(), fmt::join(columns, ", ")),
                create);
}

}  // namespace pgsluice::plan
