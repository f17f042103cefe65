#include "document/plan_builder.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "document/checks.h"
#include "document/ids.h"
#include "document/read_sql.h"

namespace pgsluice::document {

namespace {

/// The root of the plan that is being built.
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
    FindRouting();
    Level level = BuildLevel(
        *table_,
        {index_.columns, index_.exclude, index_.rename, index_.fields, index_.place, "root", ""},
        building_);
    if (!index_.where.empty() &&
        building_.Accept(
            {FragmentCheck::Use::kCondition, index_.place + ".where", index_.where, "root", table_},
            level.columns)) {
      root_.where = index_.where;
    }
    if (building_.failed) return nullptr;
    plan_->fields = level.fields;
    AddSources(level);
    root_.document = ObjectSql(level.members, IdTail());
    root_.columns.assign(level.columns.begin(), level.columns.end());
    FillStatements(root_, *plan_);
    CheckPaths();
    return building_.failed ? nullptr : plan_;
  }

 private:
  void FindKey() {
    const bool view = table_->kind == 'v' || table_->kind == 'm';
    std::vector<std::string> key = index_.key;
    if (key.empty() && view) {
      building_.Error(
          index_.place + ".key", plan_->root_name + " is a view: it has no key of its own",
          "name the columns that identify its rows in \"key\" and the tables it is made "
          "from in \"sources\"");
      return;
    }
    if (view && index_.sources.empty()) {
      building_.Error(index_.place + ".sources",
                      plan_->root_name + " is a view: its changes are those of its tables",
                      "name them in \"sources\", with the way to the key in \"on\"");
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
    plan_->row_hash_id = root_.row_hash_id;
    plan_->key = std::move(key);
  }

  void FindRouting() {
    if (index_.routing.empty()) return;
    root_.routing = table_->Find(index_.routing);
    if (root_.routing == nullptr) {
      building_.UnknownColumn(index_.place + ".routing", *table_, index_.routing);
    } else if (root_.row_hash_id) {
      building_.Error(index_.place + ".routing",
                      plan_->root_name + " has no key, so a deleted row's routing is not known",
                      "give the table a primary key, or leave \"routing\" out");
    }
  }

  /// `,"__id":"…"`: the `_id` as a field, for sorting and paging; JSON-safe as it is text.
  std::string IdTail() const {
    std::vector<std::string> keys;
    std::vector<const catalog::TypeInfo*> types;
    for (const catalog::Column* column : root_.key) {
      keys.push_back("root." + Quoted(column->name));
      types.push_back(&column->type);
    }
    return fmt::format("',\"__id\":', to_json({})::text",
                       root_.row_hash_id ? RowIdSql(keys) : IdSql(keys, types));
  }

  void AddSources(const Level& level) {
    Source source;
    source.table = table_->oid;
    source.table_name = plan_->root_name;
    source.captured = plan_->key;
    std::set<std::string> watched = level.columns;
    watched.insert(plan_->key.begin(), plan_->key.end());
    if (root_.routing != nullptr) {
      watched.insert(root_.routing->name);
      const auto& captured = source.captured;
      if (std::find(captured.begin(), captured.end(), root_.routing->name) == captured.end()) {
        source.captured.push_back(root_.routing->name);
      }
    }
    if (!level.all_columns || !index_.exclude.empty()) {
      for (const catalog::Column& column : table_->columns) {
        if (watched.count(column.name) != 0) source.watched.push_back(column.name);
      }
    }
    plan_->sources.push_back(std::move(source));
  }

  void CheckPaths() {
    std::vector<std::string> paths;
    Collect(plan_->fields, paths);
    const auto check = [&](const char* what, const std::string& path) {
      if (plan_->Find(path) != nullptr) return;
      const std::string nearest = config::Nearest(path, paths);
      building_.Error(fmt::format("{}.{}", index_.place, what),
                      fmt::format("the documents have no field {}", Quoted(path)),
                      nearest.empty() ? "" : fmt::format("did you mean {}?", Quoted(nearest)));
    };
    for (const auto& [path, definition] : index_.mapping) check("mapping", path);
    for (const auto& [path, weight] : index_.search.fields) check("search.fields", path);
    for (const std::string& path : index_.search.hidden) check("search.hidden", path);
    for (const std::string& path : index_.search.facets) check("search.facets", path);
    for (const std::string& sort : index_.search.default_sort) {
      check("search.default_sort", sort.substr(0, sort.find(':')));
    }
  }

  static void Collect(const std::vector<Field>& fields, std::vector<std::string>& paths) {
    for (const Field& field : fields) {
      paths.push_back(field.path);
      Collect(field.fields, paths);
    }
  }

  Building& building_;
  const config::Index& index_;
  const catalog::Table* table_ = nullptr;
  std::shared_ptr<Plan> plan_ = std::make_shared<Plan>();
  RootSql root_;
};

}  // namespace

std::shared_ptr<Plan> BuildPlan(Building& building) { return Builder(building).Build(); }

}  // namespace pgsluice::document
