#include "plan/tree/sources.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>

#include "plan/index/type_rules.h"
#include "plan/sql/ids.h"
#include "plan/sql/typed_sql.h"
#include "plan/tree/checks.h"

namespace pgsluice::plan {

namespace {

/// A value that is compared as `type`.
struct KnownValue {
  std::string sql;
  catalog::TypeInfo type;
};

/// The known columns of a table's rows.
using Known = std::map<std::string, KnownValue>;

/// One way from a table up to the root: the columns that its rows join on, step by step. The first
/// step leaves the table, the last one leads into the root.
struct Way {
  const catalog::Table* start = nullptr;
  /// As in Node: `here` of step i's table is equal to `above` of the next one.
  std::vector<Step> steps;
  /// For a table that a view is made from: its columns, and the view's columns that they are equal
  /// to.
  config::On into_view;
};

/// A source under construction: the captured columns and the ways of one table.
struct Draft {
  const catalog::Table* table = nullptr;
  std::vector<std::string> captured;
  std::set<std::string> watched;
  bool all = false;      ///< Every column matters.
  bool shared = false;   ///< A row may be part of many documents.
  bool of_view = false;  ///< It is not known which columns the view reads.
  std::vector<Way> ways;
};

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void Append(std::vector<std::string>& into, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (!Contains(into, name)) into.push_back(name);
  }
}

class Climber {
 public:
  Climber(const RootSql& root, const Draft& draft) : root_(root), draft_(draft) {}

  /// Returns the root keys that the events in `e` lead to along one way.
  std::string Climb(const Way& way) {
    joins_.clear();
    filters_.clear();
    Known known = EventColumns(way);
    for (std::size_t i = 0; i < way.steps.size(); ++i) {
      const Step& step = way.steps[i];
      if (!Has(known, step.here)) known = JoinTable(*step.table, known, i);
      Known above;
      for (std::size_t k = 0; k < step.here.size(); ++k) {
        const KnownValue& value = known[step.here[k]];
        above[step.above[k]] = {ComparedSql(value.type, value.sql), ComparedType(value.type)};
      }
      known = std::move(above);
    }
    return Finish(known);
  }

 private:
  static bool Has(const Known& known, const std::vector<std::string>& columns) {
    return std::all_of(columns.begin(), columns.end(),
                       [&](const std::string& column) { return known.count(column) != 0; });
  }

  Known EventColumns(const Way& way) const {
    Known known;
    const auto value = [&](const std::string& column) {
      const auto place = std::find(draft_.captured.begin(), draft_.captured.end(), column);
      return KnownValue{fmt::format("e.\"c{}\"", place - draft_.captured.begin()),
                        ComparedType(draft_.table->Find(column)->type)};
    };
    if (!way.into_view.empty()) {
      for (const auto& [own, view] : way.into_view) known[view] = value(own);
      return known;
    }
    for (const std::string& column : draft_.captured) known[column] = value(column);
    return known;
  }

  /// Finds the table's rows by their known columns; returns all their columns as known.
  Known JoinTable(const catalog::Table& table, const Known& known, std::size_t number) {
    const std::string alias = fmt::format("t{}", number);
    std::vector<std::string> on;
    for (const auto& [column, value] : known) {
      const catalog::TypeInfo& type = table.Find(column)->type;
      on.push_back(fmt::format("{} {} {}", ComparedSql(type, alias + "." + Quoted(column)),
                               EqualsSql(ComparedType(type)), value.sql));
    }
    // OFFSET 0 forces one index lookup per event. PostgreSQL expects a hundred events, although
    // there is usually one, and would read a table of medium size completely.
    joins_ +=
        fmt::format(" CROSS JOIN LATERAL (SELECT * FROM {0}.{1} AS {2} WHERE {3} OFFSET 0) AS {2}",
                    Quoted(table.schema), Quoted(table.name), alias, fmt::join(on, " AND "));
    Known all;
    for (const catalog::Column& column : table.columns) {
      all[column.name] = {alias + "." + Quoted(column.name), column.type};
    }
    return all;
  }

  std::string Finish(Known known) {
    std::vector<std::string> keys;
    const bool direct =
        !root_.row_hash_id && root_.routing == nullptr &&
        std::all_of(root_.key.begin(), root_.key.end(), [&](const catalog::Column* column) {
          const auto value = known.find(column->name);
          return value != known.end() && EqualMeansSameText(ComparedType(column->type)) &&
                 (value->second.type.oid == column->type.oid ||
                  (value->second.type.BuiltIn() && column->type.BuiltIn()));
        });
    if (!direct) known = JoinTable(*root_.table, known, 1000);
    for (const catalog::Column* column : root_.key) {
      const KnownValue& value = known[column->name];
      if (direct) filters_.push_back(value.sql + " IS NOT NULL");
      keys.push_back(direct && value.type.oid != column->type.oid
                         ? fmt::format("(({})::{})::text", value.sql, column->type.base_sql)
                     : root_.row_hash_id ? RowTextSql(value.type, value.sql)
                                         : TextSql(value.type, value.sql));
    }
    if (root_.routing != nullptr) {
      const KnownValue& routing = known[root_.routing->name];
      keys.push_back(TextSql(routing.type, routing.sql));
    }
    return fmt::format("SELECT {} FROM e{}{}{}", KeyJsonSql(keys), joins_,
                       filters_.empty() ? "" : " WHERE ", fmt::join(filters_, " AND "));
  }

  const RootSql& root_;
  const Draft& draft_;
  std::string joins_;
  std::vector<std::string> filters_;
};

class SourceBuilder {
 public:
  SourceBuilder(const RootSql& root, std::string name, Building& building)
      : root_(root), name_(std::move(name)), building_(building) {}

  void AddRoot(const std::set<std::string>& columns) {
    Draft& draft = DraftOf(*root_.table);
    draft.captured.clear();
    for (const catalog::Column* column : root_.key) draft.captured.push_back(column->name);
    if (root_.routing != nullptr) Append(draft.captured, {root_.routing->name});
    draft.all = columns.empty();
    draft.watched.insert(columns.begin(), columns.end());
    AddViewSources(*root_.table, building_.index.sources, {}, building_.index.place);
  }

  void AddNodes(const std::vector<std::unique_ptr<Node>>& nodes, const catalog::Table& parent,
                const std::vector<Step>& above) {
    for (const auto& node : nodes) AddNode(*node, parent, above);
  }

  std::vector<Source> Finish() {
    std::vector<Source> sources;
    for (const Draft& draft : drafts_) {
      const bool view = draft.table->IsView();
      if (view && draft.table != root_.table) continue;  // Their tables have them instead.
      Source source;
      source.has_triggers = !view;
      source.table = draft.table->oid;
      source.table_name = draft.table->QualifiedName();
      source.captured = draft.captured;
      if (!view) source.watched = Watched(draft);
      source.to_roots = ToRoots(draft);
      sources.push_back(std::move(source));
    }
    return sources;
  }

 private:
  /// Returns the watched columns. Empty if no column is left out: comparing would then cost the
  /// writers more than it saves, because an UPDATE that changes nothing costs at most one document.
  static std::vector<std::string> Watched(const Draft& draft) {
    std::vector<std::string> watched;
    for (const catalog::Column& column : draft.table->columns) {
      const bool matters = draft.all || draft.watched.count(column.name) != 0 ||
                           Contains(draft.captured, column.name);
      if (matters) watched.push_back(column.name);
    }
    const bool all = watched.size() == draft.table->columns.size();
    if (draft.of_view || (all && !draft.shared)) watched.clear();
    return watched;
  }

  Draft& DraftOf(const catalog::Table& table) {
    for (Draft& draft : drafts_) {
      if (draft.table == &table) return draft;
    }
    drafts_.push_back({});
    drafts_.back().table = &table;
    drafts_.back().captured = table.Identity();
    return drafts_.back();
  }

  void AddNode(const Node& node, const catalog::Table& parent, const std::vector<Step>& above) {
    std::vector<Step> way = above;  // From the parent's table to the root.
    const catalog::Table* upper = &parent;
    for (std::size_t i = 0; i < node.steps.size(); ++i) {
      const Step& step = node.steps[i];
      WatchAbove(*upper, step);
      way.insert(way.begin(), step);
      const bool last = i + 1 == node.steps.size();
      if (last && step.table->IsView()) {
        AddViewSources(*step.table, node.config->sources, way, node.config->place);
      } else {
        AddWay(*step.table, way, last ? &node : nullptr);
      }
      upper = step.table;
    }
    AddNodes(node.children, node.table(), way);
  }

  /// Watches the parent's join column: a change of it changes which rows belong to the parent, and
  /// the way up from below uses that column.
  void WatchAbove(const catalog::Table& upper, const Step& step) {
    if (upper.kind != 'v') {
      Draft& draft = DraftOf(upper);
      draft.watched.insert(step.above.begin(), step.above.end());
    }
    WarnWithoutIndex(upper, step.above, building_.index.place, building_);
  }

  void AddWay(const catalog::Table& table, const std::vector<Step>& way, const Node* node) {
    Draft& draft = DraftOf(table);
    Append(draft.captured, way.front().here);
    draft.ways.push_back({&table, way, {}});
    draft.shared = draft.shared || !LeadsToOne(way);
    if (node == nullptr) return;
    const bool everything = node->level.all_columns && node->config->exclude.empty();
    draft.all = draft.all || everything;
    const auto watch = [&](const auto& columns) {
      draft.watched.insert(columns.begin(), columns.end());
    };
    watch(node->level.columns);
    watch(node->where_columns);
    watch(node->order_columns);
    if (node->value != nullptr) draft.watched.insert(node->value->name);
  }

  /// Returns whether a row has exactly one row above it, at every step up to the root.
  bool LeadsToOne(const std::vector<Step>& way) const {
    for (std::size_t i = 0; i < way.size(); ++i) {
      const catalog::Table& above = i + 1 < way.size() ? *way[i + 1].table : *root_.table;
      if (!IsUnique(above, way[i].above, {})) return false;
    }
    return true;
  }

  void AddViewSources(const catalog::Table& view,
                      const std::vector<std::pair<std::string, config::On>>& sources,
                      const std::vector<Step>& way, const std::string& place) {
    for (const auto& [name, on] : sources) {
      const catalog::Table* table = FindTable(name, place + ".sources", building_);
      if (table == nullptr || !CheckTable(*table, place + ".sources", building_)) continue;
      Way view_way{table, way, on};
      std::vector<std::string> columns;
      for (const auto& [own, of_view] : on) {
        if (table->Find(own) == nullptr) {
          building_.UnknownColumn(place + ".sources." + name, *table, own);
        }
        if (view.Find(of_view) == nullptr) {
          building_.UnknownColumn(place + ".sources." + name, view, of_view);
        }
        columns.push_back(own);
      }
      if (on.empty()) {
        building_.Error(place + ".sources." + name, "does not lead to the view's key",
                        "write \"on\": {column of the table: column of the view}");
      }
      WarnOfRowsThatLeave(view, on, way.empty() ? Names(root_.key) : way.front().here,
                          place + ".sources." + name);
      Draft& draft = DraftOf(*table);
      Append(draft.captured, columns);
      draft.of_view = true;
      draft.ways.push_back(std::move(view_way));
    }
  }

  static std::vector<std::string> Names(const std::vector<const catalog::Column*>& columns) {
    std::vector<std::string> names;
    for (const catalog::Column* column : columns) names.push_back(column->name);
    return names;
  }

  /// Changes are looked up in the view, unless the way itself leads to the key: a row that the
  /// change removed from the view cannot be found there.
  void WarnOfRowsThatLeave(const catalog::Table& view, const config::On& on,
                           const std::vector<std::string>& wanted, const std::string& place) {
    for (const std::string& column : wanted) {
      const bool led = std::any_of(on.begin(), on.end(),
                                   [&](const auto& pair) { return pair.second == column; });
      if (led || on.empty()) continue;
      building_.Warn(place,
                     fmt::format("\"on\" does not lead to {} of {}: a row that a change of this "
                                 "table removes from the view stays in the documents",
                                 Quoted(column), view.QualifiedName()),
                     fmt::format("lead to {}, or let the view keep such rows (LEFT JOIN) and leave "
                                 "them out with \"where\"",
                                 fmt::join(wanted, ", ")));
      return;
    }
  }

  pg::Statement ToRoots(const Draft& draft) const {
    if (draft.ways.empty() || building_.failed) return {};
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < draft.captured.size(); ++i) {
      columns.push_back(fmt::format(
          "{} AS \"c{}\"",
          AskedSql(draft.table->Find(draft.captured[i])->type, fmt::format("(x.v ->> {})", i)), i));
    }
    std::vector<std::string> queries;
    for (const Way& way : draft.ways) {
      const std::string query = Climber(root_, draft).Climb(way);
      if (!Contains(queries, query)) queries.push_back(query);
    }
    return Named(
        fmt::format("{}:to_roots:{}", name_, draft.table->oid),
        fmt::format("WITH e AS MATERIALIZED (SELECT {} FROM jsonb_array_elements($1::jsonb) "
                    "AS x(v)) {}",
                    fmt::join(columns, ", "), fmt::join(queries, " UNION ")));
  }

  const RootSql& root_;
  std::string name_;
  Building& building_;
  std::vector<Draft> drafts_;
};

}  // namespace

std::vector<Source> BuildSources(const RootSql& root, const std::set<std::string>& root_columns,
                                 const std::vector<std::unique_ptr<Node>>& nodes,
                                 const std::string& name, Building& building) {
  SourceBuilder builder(root, name, building);
  builder.AddRoot(root_columns);
  builder.AddNodes(nodes, *root.table, {});
  return builder.Finish();
}

}  // namespace pgsluice::plan
