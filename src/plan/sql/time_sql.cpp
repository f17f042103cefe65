#include "plan/sql/time_sql.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "plan/index/type_rules.h"
#include "plan/sql/bind_sql.h"
#include "plan/sql/ids.h"
#include "plan/sql/typed_sql.h"
#include "plan/sql/value_sql.h"

namespace pgsluice::plan {

namespace {

/// Builds the statements that save when documents change by themselves. A time in the past does not
/// matter: now() is constant in a transaction, so the document was computed with the same moment as
/// the time is compared with.
class TimeStatements {
 public:
  TimeStatements(const RootSql& root, const Plan& plan) {
    name_ = Literal(plan.name) + "::text";
    first_ = root.schema_first;
    if (!first_.empty()) relation_ = std::string(kOidPlace);
    table_ = Quoted(root.table->schema) + "." + Quoted(root.table->name);
    std::vector<std::string> texts;
    for (const catalog::Column* column : root.key) {
      const std::string value = "root." + Quoted(column->name);
      keys_.push_back(value);
      types_.push_back(&column->type);
      compared_.push_back(ComparedType(column->type));
      texts.push_back(TextSql(column->type, value));
    }
    const bool routed = root.routing != nullptr &&
                        std::find(root.key.begin(), root.key.end(), root.routing) == root.key.end();
    if (routed) texts.push_back(TextSql(root.routing->type, "root." + Quoted(root.routing->name)));
    key_ = KeyJsonSql(texts);
    at_ = fmt::format("pgsluice.typed(({}\n), NULL::timestamptz)", plan.config.refresh_at);
  }

  std::string ByKey() const {
    std::vector<std::string> asked, on, ids, group;
    std::vector<const catalog::TypeInfo*> asked_types;
    for (std::size_t i = 0; i < types_.size(); ++i) {
      const std::string text = fmt::format("(e.v ->> {})", i);
      const std::string column = fmt::format("asked.\"pgsluice k{}\"", i);
      asked.push_back(fmt::format("{} AS \"pgsluice k{}\"", AskedSql(*types_[i], text), i));
      on.push_back(fmt::format("{} {} {}", ComparedSql(*types_[i], keys_[i]),
                               EqualsSql(compared_[i]), column));
      if (!EqualMeansSameText(compared_[i])) {
        on.push_back(
            fmt::format("{} = {}", TextSql(*types_[i], keys_[i]), TextSql(compared_[i], column)));
      }
      ids.push_back(column);
      asked_types.push_back(&compared_[i]);
      group.push_back(std::to_string(i + 1));
    }
    const std::string times = fmt::format(
        "SELECT {} AS id, found.key, found.at FROM (SELECT {} FROM "
        "jsonb_array_elements($1::jsonb) AS e(v) GROUP BY {}) AS asked CROSS JOIN LATERAL (SELECT "
        "min(\"pgsluice key\") AS key, min(\"pgsluice at\") AS at FROM (SELECT {} AS \"pgsluice "
        "key\", {} AS \"pgsluice at\" FROM {} AS root WHERE {}) AS times WHERE {}) AS found",
        IdSql(ids, asked_types, first_), fmt::join(asked, ", "), fmt::join(group, ", "), key_, at_,
        table_, fmt::join(on, " AND "), ToCome("times.\"pgsluice at\""));
    return Keep(times, true);
  }

  std::string OfBlocks() const {
    return Keep(Of(fmt::format("FROM ONLY {} AS root WHERE root.ctid >= format('(%s,0)', "
                               "$1::bigint)::tid AND root.ctid < format('(%s,0)', "
                               "$2::bigint)::tid",
                               kRelationPlace)),
                false);
  }

  std::string OfAll() const { return Keep(Of("FROM " + table_ + " AS root"), false); }

 private:
  static std::string ToCome(const std::string& at) {
    return fmt::format("{0} > now() AND {0} < 'infinity'::timestamptz", at);
  }

  /// Groups by key, because a view may have several rows with one key.
  std::string Of(const std::string& source) const {
    return fmt::format(
        "SELECT id, min(key) AS key, min(at) AS at FROM (SELECT {} AS id, {} AS key, {} AS at {}) "
        "AS times WHERE {} GROUP BY id",
        IdSql(keys_, types_, first_), key_, at_, source, ToCome("times.at"));
  }

  /// Saves in the order of ids, so that two transactions that save the same ones do not deadlock.
  std::string Keep(const std::string& times, bool forget) const {
    const std::string gone = fmt::format(
        ", gone AS (DELETE FROM pgsluice.refresh_time t USING times WHERE t.index_name = {} AND "
        "t.document_id = times.id AND times.at IS NULL AND t.version <= times.version)",
        name_);
    return fmt::format(
        "WITH times AS MATERIALIZED (SELECT id, key, at, (SELECT pgsluice.version()) AS version "
        "FROM ({}) AS read){}, kept AS (INSERT INTO pgsluice.refresh_time AS t (index_name, "
        "document_id, key, at, version, relation) SELECT {}, id, key, at, version, {} FROM times "
        "WHERE "
        "at IS NOT NULL ORDER BY id ON CONFLICT (index_name, document_id) DO UPDATE SET key = "
        "excluded.key, relation = excluded.relation, "
        "at = excluded.at, version = excluded.version WHERE t.version <= excluded.version AND "
        "(t.at, t.key) IS DISTINCT FROM (excluded.at, excluded.key)) SELECT coalesce(min(at) < "
        "clock_timestamp() + interval '2 s', false) FROM times",
        times, forget ? gone : "", name_, relation_);
  }

  std::string name_, table_, key_, at_, first_, relation_ = "NULL::oid";
  std::vector<std::string> keys_;
  std::vector<const catalog::TypeInfo*> types_;
  std::vector<catalog::TypeInfo> compared_;
};

}  // namespace

void FillTimeStatements(const RootSql& root, Plan& plan) {
  const TimeStatements statements(root, plan);
  plan.keep_times = Named(plan.name + ":keep_times", statements.ByKey());
  if (root.table->kind == 'v') {
    plan.keep_all_times_sql = statements.OfAll();
  } else {
    plan.keep_block_times_sql = statements.OfBlocks();
  }
}

}  // namespace pgsluice::plan
