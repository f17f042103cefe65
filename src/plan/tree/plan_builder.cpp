#include "plan/tree/plan_builder.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/config/words.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/plan/engine_path.h"
#include "plan/index/type_rules.h"
#include "plan/sql/bind_sql.h"
#include "plan/sql/embed_sql.h"
#include "plan/sql/ids.h"
#include "plan/sql/read_sql.h"
#include "plan/sql/time_sql.h"
#include "plan/sql/typed_sql.h"
#include "plan/tree/checks.h"
#include "plan/tree/embed_tree.h"
#include "plan/tree/schemas.h"
#include "plan/tree/search_checks.h"
#include "plan/tree/sources.h"

namespace pgsluice::plan {

namespace {

/// Builds the root of a plan.
class Builder {
 public:
  explicit Builder(Building& building) : building_(building), index_(building.index) {}

  std::shared_ptr<Plan> Build() {
    table_ = FindTable(index_.table, index_.place + ".table", building_);
    if (table_ == nullptr || !CheckTable(*table_, index_.place + ".table", building_))
      return nullptr;
    plan_->config = index_;
    plan_->name = index_.name;
    plan_->root = table_->oid;
    plan_->root_name = table_->QualifiedName();
    root_.table = table_;
    FindKey();
    UseSchema();
    FindRouting();
    Level level = BuildLevel(*table_,
                             {index_.columns, index_.exclude, index_.rename, index_.fields,
                              index_.no_columns, index_.place, "root", ""},
                             building_);
    if (!root_.schema_first.empty()) AddSchemaField(level);
    if (!index_.where.empty() &&
        building_.Accept(
            {FragmentCheck::Use::kCondition, index_.place + ".where", index_.where, "root", table_},
            level.columns)) {
      root_.where = index_.where;
    }
    AcceptRefresh(level);
    int count = 0;
    const auto nodes = ResolveEmbeds(index_.embeds, *table_, "", "", count, building_);
    if (building_.failed) return nullptr;
    plan_->fields = level.fields;
    AddEmbeds(nodes, level);
    AddSources(nodes, level);
    root_.document = ObjectSql(level.members, IdTail());
    FillStatements(root_, *plan_);
    if (!index_.refresh_at.empty()) FillTimeStatements(root_, *plan_);
    // A schema may lack what others have.
    if (root_.schema_first.empty()) CheckPaths(*plan_, building_);
    return building_.failed ? nullptr : plan_;
  }

 private:
  void FindKey() {
    const bool view = table_->IsView();
    std::vector<std::string> key = index_.key;
    if (key.empty() && view) {
      building_.Error(
          index_.place + ".key", plan_->root_name + " is a view: it has no key of its own",
          "name the columns that identify its rows in \"key\" and the tables it is made "
          "from in \"sources\"");
      return;
    }
    if (view && index_.sources.empty() && index_.refresh_every.count() == 0) {
      building_.Error(index_.place + ".sources",
                      plan_->root_name + " is a view: its changes are those of its tables",
                      "name them in \"sources\", with the way to the key in \"on\", or read the "
                      "view again now and then with \"refresh_every\"");
      return;
    }
    if (key.empty()) key = table_->Identity();
    root_.row_hash_id = index_.key.empty() && !table_->HasKey();
    for (const std::string& name : key) {
      const catalog::Column* column = table_->Find(name);
      if (column == nullptr) {
        building_.UnknownColumn(index_.place + ".key", *table_, name);
      } else {
        root_.key.push_back(column);
      }
    }
    FindChildren();
    plan_->row_hash_id = root_.row_hash_id;
    plan_->key = std::move(key);
  }

  /// Finds inheritance children, which a key of the table does not cover.
  void FindChildren() {
    if (!table_->HasInheritanceChildren() || root_.row_hash_id) return;
    std::vector<const catalog::TypeInfo*> types;
    for (const catalog::Column* column : root_.key) types.push_back(&column->type);
    plan_->hashed_child_ids = ChildIdIsHash(types);
    for (const std::uint32_t oid : table_->descendants) {
      if (const catalog::Table* child = building_.catalog.Find(oid)) {
        root_.children.push_back(child);
      }
    }
    if (root_.children.empty()) return;
    building_.Warn(index_.place,
                   fmt::format("no key covers {} and the tables that inherit from it: of rows "
                               "with one key, all but the first have an _id that ends with their "
                               "table's name",
                               plan_->root_name));
    for (const catalog::Table* child : root_.children) {
      if (HasUniqueKey(*child, Names(root_.key), {})) continue;
      building_.Warn(index_.place,
                     fmt::format("{} has no primary key or unique index over {}: rows of it with "
                                 "one key are one document",
                                 child->QualifiedName(), fmt::join(Names(root_.key), ", ")),
                     "PostgreSQL does not pass a key on to tables that inherit: give each its own");
    }
  }

  void AcceptRefresh(Level& level) {
    if (index_.refresh_every.count() > 0 && !table_->IsView()) {
      building_.Error(index_.place + ".refresh_every",
                      plan_->root_name + " is a table: its changes are captured by triggers",
                      "leave \"refresh_every\" out");
    }
    if (index_.refresh_at.empty()) return;
    const std::string place = index_.place + ".refresh_at";
    if (root_.row_hash_id || !root_.children.empty()) {
      building_.Error(place,
                      plan_->root_name + (root_.row_hash_id ? " has no key" : " has children") +
                          ": a time cannot be kept for one of its rows",
                      root_.row_hash_id
                          ? "give the table a primary key"
                          : "leave \"refresh_at\" out, or make the table partitioned");
    }
    building_.Accept({FragmentCheck::Use::kTime, place, index_.refresh_at, "root", table_},
                     level.columns);
  }

  static std::vector<std::string> Names(const std::vector<const catalog::Column*>& columns) {
    std::vector<std::string> names;
    for (const catalog::Column* column : columns) names.push_back(column->name);
    return names;
  }

  /// Of an index over many schemas.
  void UseSchema() {
    if (index_.of_schema.empty() || !index_.definition.empty()) return;
    const bool is_place = index_.of_schema == kSchemaPlace;
    root_.schema_first =
        is_place ? std::string(kFirstPlace) : Literal(EscapedPart(index_.of_schema) + "|");
    schema_text_ = is_place ? std::string(kTextPlace) : Literal(index_.of_schema) + "::text";
    schema_json_ = is_place ? std::string(kJsonPlace) : Literal(json::Quote(index_.of_schema));
  }

  void AddSchemaField(Level& level) {
    const std::string& name = index_.schema_field;
    const std::string place = index_.place + ".schema_field";
    if (FieldNameOf(name, true, false) != name) {
      building_.Error(place, fmt::format("{} is not a field name", Quoted(name)),
                      "field names do not contain a dot, do not begin with __ and are not the "
                      "engine's own");
    }
    for (const Field& field : level.fields) {
      if (field.name != name) continue;
      building_.Error(place, fmt::format("a field {} is there already", Quoted(name)),
                      "give the field with the schema's name another name in \"schema_field\"");
    }
    level.fields.insert(level.fields.begin(), SchemaField(index_));
    Member member;
    member.name = name;
    member.value = schema_json_;
    level.members.insert(level.members.begin(), std::move(member));
  }

  void FindRouting() {
    if (index_.routing.empty()) return;
    if (!root_.schema_first.empty() && index_.routing == index_.schema_field) {
      root_.schema_routing = schema_text_;
      plan_->routed_by_schema = true;
      plan_->config.routing.clear();  // not a column
      return;
    }
    root_.routing = table_->Find(index_.routing);
    if (root_.routing == nullptr) {
      building_.UnknownColumn(index_.place + ".routing", *table_, index_.routing);
    } else if (table_->IsView()) {
      building_.Error(index_.place + ".routing",
                      plan_->root_name + " is a view: the routing that a row had is not known",
                      "leave \"routing\" out, or make the index from a table");
    } else if (root_.row_hash_id) {
      building_.Error(index_.place + ".routing",
                      plan_->root_name + " has no key, so a deleted row's routing is not known",
                      "give the table a primary key, or leave \"routing\" out");
    }
  }

  /// Returns `,"__id":"…"`: the `_id` as a field, for sorting and paging, as JSON-safe text.
  std::string IdTail() const {
    return fmt::format("coalesce(',\"__id\":' || to_json({})::text, '')", RootIdSql(root_));
  }

  void AddEmbeds(const std::vector<std::unique_ptr<Node>>& nodes, Level& level) {
    EmbedSql embeds = BuildEmbeds(nodes, {"roots", "root", *table_});
    root_.embed_ctes = std::move(embeds.ctes);
    root_.embed_joins = std::move(embeds.joins);
    root_.many_embed_ctes = BuildEmbeds(nodes, {"roots", "root", *table_, true}).ctes;
    root_.columns.assign(level.columns.begin(), level.columns.end());
    for (const std::string& column : ParentColumns(nodes)) {
      if (level.columns.count(column) == 0) root_.columns.push_back(column);
    }
    level.members.insert(level.members.end(), embeds.members.begin(), embeds.members.end());
    for (const auto& node : nodes) {
      for (const Field& field : plan_->fields) {
        if (field.name != node->field.name) continue;
        building_.Error(node->config->place,
                        fmt::format("there is already a field {}", Quoted(field.name)),
                        "exclude or rename the column, or name the embed differently");
      }
    }
    for (const auto& node : nodes) plan_->fields.push_back(node->field);
  }

  void AddSources(const std::vector<std::unique_ptr<Node>>& nodes, const Level& level) {
    std::set<std::string> watched;
    if (!level.all_columns || !index_.exclude.empty()) {
      watched = level.columns;
      watched.insert(plan_->key.begin(), plan_->key.end());
    }
    plan_->sources = BuildSources(root_, watched, nodes, plan_->name, building_);
    AddRelation(plan_->root);
    AddRelations(nodes);
    for (const Source& source : plan_->sources) AddRelation(source.table);
  }

  void AddRelations(const std::vector<std::unique_ptr<Node>>& nodes) {
    for (const auto& node : nodes) {
      for (const Step& step : node->steps) AddRelation(step.table->oid);
      AddRelations(node->children);
    }
  }

  void AddRelation(std::uint32_t oid) {
    std::vector<Plan::Relation>& all = plan_->relations;
    if (std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.oid == oid; }))
      return;
    const catalog::Table* table = building_.catalog.Find(oid);
    all.push_back({oid, table == nullptr ? 0 : table->layout});
  }

  Building& building_;
  const config::Index& index_;
  const catalog::Table* table_ = nullptr;
  std::shared_ptr<Plan> plan_ = std::make_shared<Plan>();
  RootSql root_;
  std::string schema_text_, schema_json_;
};

}  // namespace

std::shared_ptr<Plan> BuildPlan(Building& building) { return Builder(building).Build(); }

}  // namespace pgsluice::plan
