#include "plan/sql/embed_sql.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "plan/index/type_rules.h"
#include "plan/sql/read_sql.h"
#include "plan/sql/typed_sql.h"

namespace pgsluice::plan {

namespace {

constexpr const char* kDocument = "\"pgsluice doc\"";

std::string Numbered(const char* letter, std::size_t i) {
  return fmt::format("\"pgsluice {}{}\"", letter, i);
}

std::string TableSql(const catalog::Table& table) {
  return Quoted(table.schema) + "." + Quoted(table.name);
}

std::string Join(const std::vector<std::string>& parts, const char* between = ", ") {
  return fmt::format("{}", fmt::join(parts, between));
}

/// Returns a column of a table in the form in which it is compared with others.
std::string Compared(const catalog::Table& table, const std::string& alias,
                     const std::string& column) {
  return ComparedSql(table.Find(column)->type, alias + "." + Quoted(column));
}

std::string Equals(const catalog::Table& table, const std::string& column) {
  return EqualsSql(ComparedType(table.Find(column)->type));
}

/// Rows `s` with the values to join on: the parents or the link rows.
struct Source {
  std::string cte;
  std::vector<std::string> values;
  bool distinct = false;    ///< No value occurs twice.
  bool neighbours = false;  ///< A single distinct integer column, of adjacent rows.
};

/// Returns a condition: `alias.columns` are among the source's values. `unless`: uses an empty
/// array if that table expression has a row.
std::string MatchSql(const catalog::Table& table, const std::string& alias,
                     const std::vector<std::string>& columns, const Source& source,
                     const std::string& unless = "") {
  std::vector<std::string> parts, mine, theirs;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    mine.push_back(Compared(table, alias, columns[i]));
    theirs.push_back(source.values[i]);
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string equals = Equals(table, columns[i]);
    // The array form always uses the index, even if the planner's estimate of the parents is wrong.
    // But without an index it would compare every row with every element, so a semi-join, which can
    // be hashed, is used then.
    if (HasIndex(table, {columns[i]})) {
      parts.push_back(fmt::format(
          "{} {} ANY (ARRAY(SELECT {}{} FROM {} s{}))", mine[i], equals,
          source.distinct ? "" : "DISTINCT ", theirs[i], source.cte,
          unless.empty() ? "" : fmt::format(" WHERE NOT EXISTS (SELECT FROM {})", unless)));
    } else if (columns.size() == 1) {
      parts.push_back(
          fmt::format("{} {} ANY (SELECT {} FROM {} s)", mine[i], equals, theirs[i], source.cte));
    }
  }
  if (columns.size() > 1) {
    parts.push_back(
        fmt::format("({}) IN (SELECT {} FROM {} s)", Join(mine), Join(theirs), source.cte));
  }
  return Join(parts, " AND ");
}

class NodeSql {
 public:
  NodeSql(const Node& node, const Parents& parents, EmbedSql& out)
      : node_(node), parents_(parents), out_(out) {}

  void Build() {
    if (node_.through()) Links();
    Rows();
    Documents();
    Group();
  }

 private:
  const Step& last() const { return node_.steps.back(); }
  std::string Cte(const char* suffix) const { return node_.name + suffix; }

  /// Builds pairs of a parent's join values (j) and the embedded table's join values (c), over all
  /// link tables: one row per path from one to the other.
  void Links() {
    std::vector<std::string> columns;
    const Step& first = node_.steps.front();
    for (std::size_t i = 0; i < first.here.size(); ++i) {
      columns.push_back(
          fmt::format("{} AS {}", Compared(*first.table, "l0", first.here[i]), Numbered("j", i)));
    }
    const std::size_t links = node_.steps.size() - 1;
    for (std::size_t i = 0; i < last().above.size(); ++i) {
      columns.push_back(fmt::format(
          "{} AS {}",
          Compared(*node_.steps[links - 1].table, fmt::format("l{}", links - 1), last().above[i]),
          Numbered("c", i)));
    }
    std::string from = TableSql(*first.table) + " AS l0";
    for (std::size_t i = 1; i < links; ++i) {
      const Step& step = node_.steps[i];
      std::vector<std::string> on;
      for (std::size_t k = 0; k < step.here.size(); ++k) {
        on.push_back(fmt::format(
            "{} {} {}", Compared(*step.table, fmt::format("l{}", i), step.here[k]),
            Equals(*step.table, step.here[k]),
            Compared(*node_.steps[i - 1].table, fmt::format("l{}", i - 1), step.above[k])));
      }
      from += fmt::format(" JOIN {} AS l{} ON {}", TableSql(*step.table), i, Join(on, " AND "));
    }
    Source parents = OfParents();
    // The planner assumes that a range covers a part of the table, and would read the whole next
    // table for it.
    parents.neighbours = parents.neighbours && links == 1;
    const std::string select = fmt::format("SELECT {} FROM {} WHERE ", Join(columns), from);
    const std::string sql = Matching(select, "", *first.table, "l0", first.here, parents);
    out_.ctes.push_back(fmt::format("{} AS MATERIALIZED ({})", Cte("_links"), sql));
  }

  /// Returns `select … WHERE` the columns are among the source's values, then `rest`. Integers are
  /// read as a range if at least four in five between the lowest and the highest are needed,
  /// because before version 17 PostgreSQL descends the index for each element of an array.
  /// Additional rows of the range match no parent.
  std::string Matching(const std::string& select, const std::string& rest,
                       const catalog::Table& table, const std::string& alias,
                       const std::vector<std::string>& columns, const Source& source) {
    if (!source.neighbours || !HasOrderedIndex(table, columns[0]) ||
        !IsInteger(table.Find(columns[0])->type)) {
      return select + MatchSql(table, alias, columns, source) + rest;
    }
    const std::string range = Cte("_range");
    out_.ctes.push_back(
        fmt::format("{0} AS (SELECT min({1}) AS low, max({1}) AS high FROM {2} s HAVING "
                    "max({1})::numeric - min({1}) < count({1}) * 1.25)",
                    range, source.values[0], source.cte));
    return fmt::format(
        "{0}{1} BETWEEN (SELECT low FROM {2}) AND (SELECT high FROM {2}){3} UNION ALL {0}{4}{3}",
        select, Compared(table, alias, columns[0]), range, rest,
        MatchSql(table, alias, columns, source, range));
  }

  Source OfParents() const {
    const std::vector<std::string>& above = node_.steps.front().above;
    Source source{parents_.cte, {}, above.size() == 1 && IsUnique(parents_.table, above, {})};
    for (const std::string& column : above) {
      source.values.push_back(Compared(parents_.table, "s", column));
    }
    source.neighbours =
        parents_.neighbours && source.distinct && IsInteger(parents_.table.Find(above[0])->type);
    return source;
  }

  Source OfLinks() const {
    Source source{Cte("_links"), {}};
    for (std::size_t i = 0; i < last().here.size(); ++i) {
      source.values.push_back("s." + Numbered("c", i));
    }
    return source;
  }

  std::set<std::string> Columns() const {
    std::set<std::string> columns = node_.level.columns;
    columns.insert(last().here.begin(), last().here.end());
    columns.insert(node_.identity.begin(), node_.identity.end());
    columns.insert(node_.order_columns.begin(), node_.order_columns.end());
    if (node_.value != nullptr) columns.insert(node_.value->name);
    const std::set<std::string> down = ParentColumns(node_.children);
    columns.insert(down.begin(), down.end());
    return columns;
  }

  /// Builds the embedded table's rows that belong to any parent.
  void Rows() {
    std::vector<std::string> columns;
    for (const std::string& column : Columns()) columns.push_back("child." + Quoted(column));
    const std::string rest =
        node_.config->where.empty() ? "" : fmt::format(" AND ({}\n)", node_.config->where);
    const std::string select =
        fmt::format("SELECT {} FROM {} AS child WHERE ", Join(columns), TableSql(node_.table()));
    const std::string sql = Matching(select, rest, node_.table(), "child", last().here,
                                     node_.through() ? OfLinks() : OfParents());
    out_.ctes.push_back(fmt::format("{} AS ({})", Cte("_rows"), sql));
  }

  /// Builds their documents, each once even if many parents share it.
  void Documents() {
    EmbedSql below =
        BuildEmbeds(node_.children, {Cte("_rows"), "child", node_.table(), parents_.neighbours});
    out_.ctes.insert(out_.ctes.end(), below.ctes.begin(), below.ctes.end());
    std::string document = "NULL::text";
    if (node_.aggregate()) {
      document = "''";
    } else if (node_.value != nullptr) {
      document = fmt::format("coalesce({}, 'null')", JsonSql(node_.field, node_.value->type,
                                                             "child." + Quoted(node_.value->name)));
    } else {
      std::vector<Member> members = node_.level.members;
      members.insert(members.end(), below.members.begin(), below.members.end());
      document = ObjectSql(members);
    }
    out_.ctes.push_back(fmt::format("{} AS {} (SELECT child.*, {} AS {} FROM {} AS child{})",
                                    Cte("_docs"), node_.through() ? "MATERIALIZED" : "", document,
                                    kDocument, Cte("_rows"), below.joins));
  }

  /// Returns the parent's join values, as columns of the grouped query.
  std::vector<std::string> JoinValues() const {
    std::vector<std::string> values;
    const std::size_t count = node_.steps.front().here.size();
    for (std::size_t i = 0; i < count; ++i) {
      values.push_back(node_.through() ? "l." + Numbered("j", i)
                                       : Compared(node_.table(), "child", last().here[i]));
    }
    return values;
  }

  std::string From() const {
    if (!node_.through()) return Cte("_docs") + " AS child";
    std::vector<std::string> on;
    for (std::size_t i = 0; i < last().here.size(); ++i) {
      on.push_back(fmt::format("{} {} l.{}", Compared(node_.table(), "child", last().here[i]),
                               Equals(node_.table(), last().here[i]), Numbered("c", i)));
    }
    return fmt::format("{} AS l JOIN {} AS child ON {}", Cte("_links"), Cte("_docs"),
                       Join(on, " AND "));
  }

  /// Returns a total order, so that a document changes only if its data does.
  std::string Order() const {
    std::vector<std::string> order;
    if (!node_.config->order_by.empty()) order.push_back(node_.config->order_by + "\n");
    bool sortable = node_.table().HasKey() || !node_.config->key.empty();
    for (const std::string& column : node_.identity) {
      if (sortable) order.push_back("child." + Quoted(column));
    }
    // Rows of a table and its inheritance children may have the same key.
    sortable = sortable && !node_.table().HasInheritanceChildren();
    if (!sortable) order.push_back(fmt::format("child.{} COLLATE \"C\"", kDocument));
    return Join(order);
  }

  std::string AggregateSql() const {
    if (node_.config->aggregate == config::Aggregate::kCount) return "count(*)::text";
    const catalog::TypeInfo& type = node_.value->type;
    const std::string column = "child." + Quoted(node_.value->name);
    switch (node_.config->aggregate) {
      case config::Aggregate::kMin:
        return ExtremeSql(type, column, false);
      case config::Aggregate::kMax:
        return ExtremeSql(type, column, true);
      case config::Aggregate::kAvg:
        return fmt::format("to_json(avg({}))::text", TypedSql(type, column));
      default:
        return fmt::format("to_json(sum({}))::text", TypedSql(type, column));
    }
  }

  /// Compares enums by their declared order, without a function that is found by its name.
  std::string ExtremeSql(const catalog::TypeInfo& type, const std::string& column,
                         bool highest) const {
    if (type.kind == 'e') {
      return JsonSql(node_.field, type,
                     fmt::format("(array_agg({0} ORDER BY {0}{1}) FILTER (WHERE {0} IS NOT "
                                 "NULL))[1]",
                                 column, highest ? " DESC" : ""));
    }
    return JsonSql(node_.field, ComparedType(type),
                   fmt::format("{}({})", highest ? "max" : "min", ComparedSql(type, column)));
  }

  void Group() {
    const std::vector<std::string> values = JoinValues();
    std::vector<std::string> named, group;
    for (std::size_t i = 0; i < values.size(); ++i) {
      named.push_back(fmt::format("{} AS {}", values[i], Numbered("j", i)));
      group.push_back(std::to_string(i + 1));
    }
    std::string sql;
    if (node_.aggregate()) {
      sql = fmt::format("SELECT {}, {} AS {} FROM {} GROUP BY {}", Join(named), AggregateSql(),
                        kDocument, From(), Join(group));
    } else if (!node_.many && node_.unique) {
      sql = fmt::format("SELECT {}, child.{} FROM {}", Join(named), kDocument, From());
    } else if (!node_.many) {
      sql = fmt::format("SELECT DISTINCT ON ({0}) {1}, child.{2} AS {2} FROM {3} ORDER BY {0}, {4}",
                        Join(values), Join(named), kDocument, From(), Order());
    } else if (node_.config->limit.has_value()) {
      sql = fmt::format(
          "SELECT {0}, '[' || string_agg(x.{1}, ',' ORDER BY x.\"pgsluice n\") || ']' AS {1} "
          "FROM (SELECT {2}, child.{1} AS {1}, row_number() OVER (PARTITION BY {3} ORDER BY {4}) "
          "AS "
          "\"pgsluice n\" FROM {5}) x WHERE x.\"pgsluice n\" <= {6} GROUP BY {7}",
          JoinNames(values.size()), kDocument, Join(named), Join(values), Order(), From(),
          *node_.config->limit, Join(group));
    } else {
      // Sorts everything at once, because before version 16 PostgreSQL sorts each group of an
      // ordered aggregate separately, which takes longer.
      sql = fmt::format(
          "SELECT {0}, '[' || string_agg(x.{1}, ',') || ']' AS {1} FROM (SELECT {2}, "
          "child.{1} AS {1} FROM {3} ORDER BY {4}, {5}) x GROUP BY {6}",
          JoinNames(values.size()), kDocument, Join(named), From(), Join(values), Order(),
          Join(group));
    }
    out_.ctes.push_back(fmt::format("{} AS ({})", node_.name, sql));
  }

  static std::string JoinNames(std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back("x." + Numbered("j", i));
    return Join(names);
  }

  const Node& node_;
  const Parents& parents_;
  EmbedSql& out_;
};

std::string Absent(const Node& node) {
  if (node.config->aggregate == config::Aggregate::kCount) return "'0'";
  return node.aggregate() || !node.many ? "'null'" : "'[]'";
}

}  // namespace

EmbedSql BuildEmbeds(const std::vector<std::unique_ptr<Node>>& nodes, const Parents& parents) {
  EmbedSql out;
  for (const auto& node : nodes) {
    NodeSql(*node, parents, out).Build();
    const Step& first = node->steps.front();
    std::vector<std::string> on;
    for (std::size_t i = 0; i < first.above.size(); ++i) {
      on.push_back(fmt::format("{}.{} {} {}", node->name, Numbered("j", i),
                               Equals(*first.table, first.here[i]),
                               Compared(parents.table, parents.alias, first.above[i])));
    }
    out.joins += fmt::format(" LEFT JOIN {} ON {}", node->name, Join(on, " AND "));
    Member member;
    member.name = node->field.name;
    member.value = fmt::format("{}.{}", node->name, kDocument);
    member.absent = Absent(*node);
    out.members.push_back(std::move(member));
  }
  return out;
}

std::set<std::string> ParentColumns(const std::vector<std::unique_ptr<Node>>& nodes) {
  std::set<std::string> columns;
  for (const auto& node : nodes) {
    columns.insert(node->steps.front().above.begin(), node->steps.front().above.end());
  }
  return columns;
}

}  // namespace pgsluice::plan
