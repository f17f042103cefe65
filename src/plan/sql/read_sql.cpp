#include "plan/sql/read_sql.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <functional>

#include "plan/index/type_rules.h"
#include "plan/sql/ids.h"
#include "plan/sql/typed_sql.h"
#include "plan/sql/value_sql.h"
#include "plan/tree/embed_tree.h"

namespace pgsluice::plan {

namespace {

constexpr const char* kVersion = "(SELECT pgsluice.version())";

std::string Root(const catalog::Column& column) { return "root." + Quoted(column.name); }

constexpr const char* kAskedId = "asked.\"pgsluice id\"";

/// Returns a name for a column of the requested keys that no unqualified name in a `where` can
/// mean.
std::string Asked(std::size_t i) { return fmt::format("asked.\"pgsluice k{}\"", i); }

class Statements {
 public:
  explicit Statements(const RootSql& root) : root_(root) {
    for (const catalog::Column* column : root.key) {
      root_keys_.push_back(Root(*column));
      types_.push_back(&column->type);
      compared_.push_back(ComparedType(column->type));
      texts_.push_back(root.row_hash_id ? RowTextSql(column->type, root_keys_.back())
                                        : TextSql(column->type, root_keys_.back()));
    }
    root_id_ = RootIdSql(root);
    where_ = root.where.empty() ? "true" : "(" + root.where + "\n)";
    routing_ = !root.schema_routing.empty() ? root.schema_routing
               : root.routing == nullptr
                   ? "NULL::text"
                   : fmt::format("coalesce(nullif({}, ''), {})", RoutingText(), root_id_);
  }

  /// `embeds`: the statements of the embedded tables, for few roots or for many adjacent ones.
  std::string ReadByKey(const std::vector<std::string>& embeds) const {
    return root_.row_hash_id ? ReadByRow(embeds) : ByColumns(false, embeds);
  }

  std::string MissingKeys() const { return root_.row_hash_id ? "" : ByColumns(true, {}); }

  std::string Block() const {
    const std::string source = BlockSource();
    if (root_.embed_ctes.empty()) {
      return fmt::format("SELECT {}, {}, {}, {} {}", kVersion, root_id_, root_.document, routing_,
                         source);
    }
    return fmt::format(
        "WITH roots AS MATERIALIZED (SELECT {} {}), {} SELECT {}, {}, {}, {} FROM roots AS root {}",
        Columns(), source, fmt::join(root_.many_embed_ctes, ", "), kVersion, root_id_,
        root_.document, routing_, root_.embed_joins);
  }

  std::string BlockKeys() const {
    return fmt::format("SELECT {} {}", KeyJsonSql(texts_), BlockSource());
  }

  std::string AllKeys() const {
    return fmt::format("SELECT {} FROM {} AS root WHERE {}", KeyJsonSql(texts_), Table(), where_);
  }

  std::string MissingIds() const {
    return fmt::format(
        "SELECT asked.id, {} FROM (SELECT DISTINCT jsonb_array_elements_text($1::jsonb) AS id) "
        "asked LEFT JOIN (SELECT DISTINCT {} AS \"pgsluice id\" FROM {} AS root WHERE {}) found ON "
        "found.\"pgsluice id\" = asked.id WHERE found.\"pgsluice id\" IS NULL",
        kVersion, root_id_, TableWithIds(), where_);
  }

  std::string IdsOfKeys() const {
    if (Tree()) {
      return fmt::format("SELECT n, \"pgsluice id\" FROM ({}) AS asked",
                         PlacesSql(WithKeyColumns("n"), AskedColumns()));
    }
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < types_.size(); ++i) {
      texts.push_back(AskedRowTextSql(*types_[i], KeyText(i)));
    }
    return fmt::format(
        "SELECT e.n, {} FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS e(v, n)",
        root_.row_hash_id ? RowIdSql(texts, First())
                          : IdSql(AskedValues(), ComparedTypes(), First()));
  }

  std::string KeysOfIds() const {
    return fmt::format(
        "SELECT DISTINCT {} FROM {} AS root WHERE {} AND {} = ANY (ARRAY(SELECT "
        "jsonb_array_elements_text($1::jsonb)))",
        KeyJsonSql(texts_), TableWithIds(), where_, root_id_);
  }

 private:
  bool Tree() const { return !root_.children.empty(); }
  const std::string& First() const { return root_.schema_first; }

  /// Returns the order of rows with equal keys: see ids.h.
  std::string RankSql() const {
    return fmt::format("ORDER BY root.tableoid <> {}, root.tableoid, root.ctid", root_.table->oid);
  }

  /// Returns the rows of a tree, each with its rank among those with its key.
  std::string RankedSql(const std::string& partition, const std::string& where) const {
    return fmt::format(
        "(SELECT root.*, root.tableoid AS tableoid, row_number() OVER ({}{}) AS \"pgsluice rank\" "
        "FROM {} AS root{})",
        partition, RankSql(), Table(), where);
  }

  /// Returns the root's rows, with their ids if these depend on more than a row's columns.
  std::string TableWithIds() const {
    if (!Tree()) return Table();
    std::string name;
    for (const catalog::Table* child : root_.children) {
      name += fmt::format(" WHEN {} THEN {}", child->oid, NameSql(*child));
    }
    return fmt::format(
        "(SELECT root.*, CASE WHEN root.\"pgsluice rank\" = 1 THEN {} ELSE {} END AS \"pgsluice "
        "id\" FROM {} AS root)",
        IdSql(root_keys_, types_, First()),
        ChildIdSql(root_keys_, types_, "CASE root.tableoid" + name + " END", First()),
        RankedSql(fmt::format("PARTITION BY {} ", fmt::join(texts_, ", ")), ""));
  }

  static std::string NameSql(const catalog::Table& child) {
    return pg::Session::QuoteLiteral(child.QualifiedName()) + "::text";
  }

  /// Returns each of `keys` (rows of requested keys) once per id that the key may have. NULL stands
  /// for the first row with the key, an oid for another one in that child.
  std::string PlacesSql(const std::string& keys, const std::vector<std::string>& columns) const {
    std::string places = "(NULL::oid, NULL::text)";
    for (const catalog::Table* child : root_.children) {
      places += fmt::format(", ({}::oid, {})", child->oid, NameSql(*child));
    }
    return fmt::format(
        "SELECT asked.*, place.member AS \"pgsluice member\", CASE WHEN place.member IS NULL THEN "
        "{} ELSE {} END AS \"pgsluice id\" FROM ({}) AS asked CROSS JOIN (VALUES {}) AS "
        "place(member, name)",
        IdSql(columns, ComparedTypes(), First()),
        ChildIdSql(columns, ComparedTypes(), "place.name", First()), keys, places);
  }

  /// Returns the keys of an array with their positions, and their columns as in `asked`.
  std::string WithKeyColumns(const std::string& place) const {
    std::string sql = "SELECT e." + place;
    const std::vector<std::string> values = AskedValues();
    for (std::size_t i = 0; i < values.size(); ++i) {
      sql += fmt::format(", {} AS \"pgsluice k{}\"", values[i], i);
    }
    return sql + " FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS e(v, n)";
  }

  std::vector<std::string> AskedColumns() const {
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < types_.size(); ++i) columns.push_back(Asked(i));
    return columns;
  }

  std::string BlockSource() const {
    return fmt::format(
        "FROM ONLY {} AS root WHERE root.ctid >= format('(%s,0)', $1::bigint)::tid AND "
        "root.ctid < format('(%s,0)', $2::bigint)::tid AND {}",
        kRelationPlace, where_);
  }

  std::string Table() const { return QualifiedSql(); }

  std::string QualifiedSql() const {
    return Quoted(root_.table->schema) + "." + Quoted(root_.table->name);
  }

  /// Returns the columns of `roots`: those that the document, the key and the routing read.
  std::string Columns() const {
    std::vector<std::string> names = root_.columns;
    const auto add = [&](const std::string& name) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    };
    for (const catalog::Column* column : root_.key) add(column->name);
    if (root_.routing != nullptr) add(root_.routing->name);
    std::vector<std::string> sql;
    sql.reserve(names.size());
    for (const std::string& name : names) sql.push_back("root." + Quoted(name));
    return fmt::format("{}", fmt::join(sql, ", "));
  }

  static std::string KeyText(std::size_t i) { return fmt::format("(e.v ->> {})", i); }

  /// Returns the values of a key's columns from the item `e.v` of an array of keys.
  std::vector<std::string> AskedValues() const {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < types_.size(); ++i) {
      values.push_back(AskedSql(*types_[i], KeyText(i)));
    }
    return values;
  }

  std::vector<const catalog::TypeInfo*> ComparedTypes() const {
    std::vector<const catalog::TypeInfo*> types;
    for (const catalog::TypeInfo& type : compared_) types.push_back(&type);
    return types;
  }

  std::string RoutingText() const { return TextSql(root_.routing->type, Root(*root_.routing)); }

  /// Returns the documents of requested keys; or those without a document, without computing any.
  std::string ByColumns(bool missing, const std::vector<std::string>& embeds) const {
    std::vector<std::string> asked, on, ids, group;
    std::vector<const catalog::TypeInfo*> asked_types;
    for (std::size_t i = 0; i < root_.key.size(); ++i) {
      asked.push_back(fmt::format("{} AS \"pgsluice k{}\"", AskedSql(*types_[i], KeyText(i)), i));
      on.push_back(fmt::format("{} {} {}", ComparedSql(*types_[i], root_keys_[i]),
                               EqualsSql(compared_[i]), Asked(i)));
      if (!EqualMeansSameText(compared_[i])) {
        on.push_back(fmt::format("{} = {}", texts_[i], TextSql(compared_[i], Asked(i))));
        asked.push_back(
            fmt::format("{} AS \"pgsluice t{}\"", AskedTextSql(*types_[i], KeyText(i)), i));
      }
      ids.push_back(Asked(i));
      asked_types.push_back(&compared_[i]);
    }
    for (std::size_t i = 1; i <= asked.size(); ++i) group.push_back(std::to_string(i));
    if (root_.routing != nullptr) asked.push_back(FormerRoutings());
    const std::string keys =
        fmt::format("SELECT {} FROM jsonb_array_elements($1::jsonb) AS e(v) GROUP BY {}",
                    fmt::join(asked, ", "), fmt::join(group, ", "));
    const std::string ctes =
        fmt::format("asked AS MATERIALIZED ({})", Tree() ? PlacesSql(keys, ids) : keys);
    std::string condition = fmt::format("{}", fmt::join(on, " AND "));
    const std::string found = Tree() ? FoundInTreeSql(condition) : FoundSql(condition);
    const Writes writes = WritesSql(Tree() ? kAskedId : IdSql(ids, asked_types, First()), missing);
    if (Tree()) condition += fmt::format(" AND root.\"pgsluice id\" = {}", kAskedId);
    if (missing) {
      return fmt::format("WITH {} SELECT {} FROM asked LEFT JOIN {} ON true{}{}", ctes,
                         writes.columns, found, writes.join,
                         root_.routing == nullptr ? fmt::format(" WHERE NOT ({})", Found()) : "");
    }
    if (embeds.empty()) {
      return fmt::format("WITH {} SELECT {} FROM asked LEFT JOIN {} ON true{}", ctes,
                         writes.columns, found, writes.join);
    }
    return fmt::format(
        "WITH {}, roots AS MATERIALIZED (SELECT root.* FROM asked JOIN {} ON true), {} SELECT {} "
        "FROM asked LEFT JOIN roots AS root ON {} {}{}",
        ctes, found, fmt::join(embeds, ", "), writes.columns, condition, root_.embed_joins,
        writes.join);
  }

  /// Orders by key, because the engine writes neighbouring ids of a request faster
  /// (bench/README.md). Only integers, because some types have no order.
  std::string InOrder() const {
    std::string order;
    for (std::size_t i = 0; i < types_.size(); ++i) {
      if (!IsInteger(*types_[i])) return "";
      order += (i == 0 ? " ORDER BY " : ", ") + Asked(i);
    }
    return order;
  }

  /// Returns a condition: the key has a row.
  std::string Found() const { return HasValueSql(*types_[0], root_keys_[0]); }

  /// What a key returns: its columns, and the joins and the order that they need.
  struct Writes {
    std::string columns, join;
  };

  /// Without routing, one document or deletion per key. With routing, a deletion at every former
  /// routing, followed by the document. The document must come last, because two routings may lead
  /// to the same shard, where the deletion would remove it.
  Writes WritesSql(const std::string& id, bool missing) const {
    const std::string found = Found();
    if (root_.routing == nullptr) {
      const std::string document =
          missing ? "NULL" : fmt::format("CASE WHEN {} THEN {} END", found, root_.document);
      return {fmt::format("{}, {}, {}, {}", kVersion, id, document, routing_),
              missing ? "" : InOrder()};
    }
    std::string writes = fmt::format(
        "SELECT coalesce(nullif(former, ''), {}) AS routing, false AS indexed FROM "
        "unnest(asked.\"pgsluice routings\") AS former WHERE NOT ({}) OR former <> "
        "coalesce({}, '')",
        id, found, RoutingText());
    if (missing) {
      return {fmt::format("{}, {}, NULL, \"pgsluice write\".routing", kVersion, id),
              fmt::format(" CROSS JOIN LATERAL ({}) AS \"pgsluice write\"", writes)};
    }
    writes += fmt::format(" UNION ALL SELECT {}, true WHERE {}", routing_, found);
    return {fmt::format("{}, {}, CASE WHEN \"pgsluice write\".indexed THEN {} END, \"pgsluice "
                        "write\".routing",
                        kVersion, id, root_.document),
            fmt::format(" CROSS JOIN LATERAL ({}) AS \"pgsluice write\" ORDER BY \"pgsluice "
                        "write\".indexed",
                        writes)};
  }

  /// Returns the routings that a key's row had: the routing column in the key, or the item after
  /// the key columns as JSON of its type, or {"text": …} as the last item (see sync::RoutedKey()).
  std::string FormerRoutings() const {
    const auto place = static_cast<std::size_t>(
        std::find(root_.key.begin(), root_.key.end(), root_.routing) - root_.key.begin());
    return fmt::format(
        "array_agg(DISTINCT CASE WHEN jsonb_typeof(e.v -> -1) = 'object' THEN e.v -> -1 ->> "
        "'text' WHEN jsonb_array_length(e.v) > {0} THEN coalesce({1}, '') END) AS \"pgsluice "
        "routings\"",
        place, AskedTextSql(root_.routing->type, KeyText(place)));
  }

  /// Finds the row of a requested key. LIMIT makes it one index lookup per key, whatever the
  /// planner estimates for the number of keys (always 100) and for the table.
  std::string FoundSql(const std::string& condition) const {
    return fmt::format("LATERAL (SELECT {} FROM {} AS root WHERE {} AND {} LIMIT 1) AS root",
                       Columns(), Table(), condition, where_);
  }

  /// Finds the row that has the requested id in a tree.
  std::string FoundInTreeSql(const std::string& condition) const {
    return fmt::format(
        "LATERAL (SELECT {}, {} AS \"pgsluice id\" FROM {} AS root WHERE {} AND CASE WHEN "
        "asked.\"pgsluice member\" IS NULL THEN root.\"pgsluice rank\" = 1 ELSE root.\"pgsluice "
        "rank\" > 1 AND root.tableoid = asked.\"pgsluice member\" END ORDER BY root.\"pgsluice "
        "rank\" LIMIT 1) AS root",
        Columns(), kAskedId, RankedSql("", " WHERE " + condition), where_);
  }

  /// Finds rows without a key by their hash, and by one column that an index or a hash join can
  /// use. A second branch covers NULL in that column.
  std::string ReadByRow(const std::vector<std::string>& embeds) const {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < root_.key.size(); ++i) {
      texts.push_back(AskedRowTextSql(*types_[i], KeyText(i)));
    }
    const std::size_t best = Selective();
    const bool has_best = best < root_.key.size();
    // Long values are hashed in the key; values in an index are not long.
    const bool as_text =
        has_best && MayBeLong(*types_[best]) && !HasIndex(*root_.table, {root_.key[best]->name});
    std::string asked_best, same_best = "true";
    if (as_text) {
      asked_best = KeyText(best);
      same_best = fmt::format("{} = {}", texts_[best], Asked(0));
    } else if (has_best) {
      asked_best = AskedSql(*types_[best], KeyText(best));
      same_best = fmt::format("{} {} {}", ComparedSql(*types_[best], root_keys_[best]),
                              EqualsSql(compared_[best]), Asked(0));
    }
    const std::string asked = fmt::format(
        "asked AS MATERIALIZED (SELECT DISTINCT {} AS \"pgsluice id\"{} FROM "
        "jsonb_array_elements($1::jsonb) AS e(v))",
        RowIdSql(texts, First()),
        has_best ? fmt::format(", {} AS \"pgsluice k0\"", asked_best) : std::string());
    const auto branch = [&](const std::string& condition) {
      return fmt::format(
          "SELECT asked.\"pgsluice id\", {} FROM asked JOIN {} AS root ON {} AND {} = "
          "asked.\"pgsluice id\" WHERE {}",
          Columns(), Table(), condition, root_id_, where_);
    };
    std::string matches = branch(same_best);
    if (has_best && !root_.key[best]->not_null) {
      matches += " UNION ALL " +
                 branch(fmt::format("EXISTS (SELECT FROM asked WHERE {0} IS NULL) AND {0} IS NULL "
                                    "AND {1} IS NULL",
                                    Asked(0), root_keys_[best]));
    }
    return fmt::format(
        "WITH {}, matches AS MATERIALIZED ({}), roots AS MATERIALIZED (SELECT DISTINCT ON "
        "(root.\"pgsluice id\") * FROM matches AS root){} SELECT {}, asked.\"pgsluice id\", CASE "
        "WHEN root.\"pgsluice id\" IS NOT NULL THEN {} END, {} FROM asked LEFT JOIN roots AS root "
        "ON root.\"pgsluice id\" = asked.\"pgsluice id\" {}",
        asked, matches, embeds.empty() ? "" : fmt::format(", {}", fmt::join(embeds, ", ")),
        kVersion, root_.document, routing_, root_.embed_joins);
  }

  /// Returns the column that narrows the search for a keyless row best: indexed, else NOT NULL,
  /// else any that can be hashed; root_.key.size() if there is none.
  std::size_t Selective() const {
    std::size_t best = root_.key.size();
    int best_score = 0;
    for (std::size_t i = 0; i < root_.key.size(); ++i) {
      if (!Hashable(*types_[i])) continue;
      int score = 1 + (root_.key[i]->not_null ? 1 : 0);
      for (const catalog::Index& index : root_.table->indexes) {
        if (!index.partial && !index.columns.empty() &&
            index.columns.front() == root_.key[i]->name) {
          score += 4;
          break;
        }
      }
      if (score > best_score) {
        best = i;
        best_score = score;
      }
    }
    return best;
  }

  const RootSql& root_;
  std::vector<std::string> root_keys_;
  std::vector<const catalog::TypeInfo*> types_;
  std::vector<catalog::TypeInfo> compared_;  ///< The types in which the key columns are compared.
  std::vector<std::string> texts_;           ///< Texts of the key columns.
  std::string root_id_, where_, routing_;
};

}  // namespace

std::string RootIdSql(const RootSql& root) {
  if (!root.children.empty()) return "root.\"pgsluice id\"";
  std::vector<std::string> keys, texts;
  std::vector<const catalog::TypeInfo*> types;
  for (const catalog::Column* column : root.key) {
    keys.push_back(Root(*column));
    types.push_back(&column->type);
    texts.push_back(RowTextSql(column->type, keys.back()));
  }
  return root.row_hash_id ? RowIdSql(texts, root.schema_first)
                          : IdSql(keys, types, root.schema_first);
}

pg::Statement Named(const std::string& name, std::string sql) {
  return {fmt::format("document:{}:{:x}", name, std::hash<std::string>{}(sql)), std::move(sql)};
}

void FillStatements(const RootSql& root, Plan& plan) {
  const Statements statements(root);
  plan.read_by_key = Named(plan.name + ":read_by_key", statements.ReadByKey(root.embed_ctes));
  // The same statement if nothing is read as a range, so that it is prepared and checked only once.
  plan.read_many_by_key =
      root.many_embed_ctes == root.embed_ctes
          ? plan.read_by_key
          : Named(plan.name + ":read_many_by_key", statements.ReadByKey(root.many_embed_ctes));
  plan.several_ids = !root.children.empty();
  plan.block_sql = root.table->kind == 'v' || plan.several_ids ? "" : statements.Block();
  plan.block_keys_sql = root.table->kind == 'v' ? "" : statements.BlockKeys();
  plan.all_keys_sql = statements.AllKeys();
  plan.missing_keys = Named(plan.name + ":missing_keys", statements.MissingKeys());
  plan.missing_ids = Named(plan.name + ":missing_ids", statements.MissingIds());
  plan.ids_of_keys = Named(plan.name + ":ids_of_keys", statements.IdsOfKeys());
  plan.keys_of_ids = Named(plan.name + ":keys_of_ids", statements.KeysOfIds());
}

}  // namespace pgsluice::plan
