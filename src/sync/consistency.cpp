#include "pgsluice/sync/consistency.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <thread>
#include <utility>

#include "pgsluice/base/error.h"
#include "pgsluice/catalog/catalog.h"
#include "pgsluice/json/value.h"
#include "pgsluice/pg/text_array.h"
#include "pgsluice/sync/looks.h"

namespace pgsluice::sync {

namespace {

// One statement, so that everything is seen at one snapshot: an event that becomes a walk counts as
// one or the other. Tasks of an index that a reindex builds do not count. A document whose time has
// come counts as if its event existed already. A walk that an earlier physical index left behind
// counts for the present one.
const pg::Statement& UnfinishedStatement() {
  static const pg::Statement kUnfinished{"unfinished_up_to",
                                         R"sql(
    SELECT $1::bigint > pgsluice.position()::bigint,
           EXISTS (SELECT FROM pgsluice.outbox
                   WHERE id <= $1::bigint AND source <> ALL ($3::int[])
                     AND (waiting_for IS NULL OR $2 = '{}' OR waiting_for && $2::text[]))
             OR EXISTS (SELECT FROM pgsluice.refresh_time
                        WHERE index_name = ANY ($2::text[])
                          AND at <= pg_catalog.statement_timestamp()),
           (SELECT pg_catalog.json_agg(name ORDER BY name)
            FROM pg_catalog.unnest($2::text[]) AS wanted(name)
            WHERE NOT EXISTS (SELECT FROM pgsluice.index_state
                              WHERE index_name = name AND config_hash <> '')),
           (SELECT pg_catalog.json_agg(DISTINCT index_name)
            FROM pgsluice.backfill b JOIN pgsluice.index_state i USING (index_name)
            WHERE b.state = 'pending'
              AND b.position <= CASE WHEN $7 THEN pgsluice.position()::bigint ELSE $1::bigint END
              AND index_name = ANY ($2::text[])
              AND (b.physical = coalesce(nullif($4, ''), i.physical)
                   OR $4 = '' AND b.first_block IS NULL
                      AND b.physical IS DISTINCT FROM i.building)),
           $5 <> '{}' AND ()sql" + catalog::Catalog::LayoutSql("c.oid = ANY ($5::oid[])") +
                                             R"sql() <> $6::bigint
             OR EXISTS (SELECT FROM pgsluice.index_state i
                        JOIN pgsluice.source s ON s.id = i.root_source
                        WHERE i.index_name = ANY ($8::text[]) AND i.config_hash <> ''
                          AND i.relations <> ()sql" +
                                             catalog::Catalog::MembersSql("s.relation::oid") +
                                             "))"};
  return kUnfinished;
}

const pg::Statement kFilling{"filling", R"sql(
  SELECT index_name FROM pgsluice.index_state i
  WHERE config_hash = '' OR EXISTS (SELECT FROM pgsluice.backfill b
                                    WHERE b.physical = i.physical AND b.state = 'pending'
                                      AND b.position = 0))sql"};

std::vector<std::string> Names(const pg::Result& rows, std::size_t column) {
  std::vector<std::string> names;
  if (rows.IsNull(0, column)) return names;
  for (const json::Value& item : json::Parse(rows.Text(0, column)).items) {
    names.push_back(item.text);
  }
  return names;
}

Scope ScopeOfIndexes(const IndexSet& set, std::vector<std::string> names) {
  Scope scope{std::move(names), {}, {}};
  scope.later_pieces = true;
  for (const auto& [id, source] : set.sources) {
    const auto wanted = [&](const std::string& name) {
      return std::find(scope.indexes.begin(), scope.indexes.end(), name) != scope.indexes.end();
    };
    const bool concerns =
        std::any_of(source.others.begin(), source.others.end(), wanted) ||
        std::any_of(source.routes.begin(), source.routes.end(),
                    [&](const Route& route) { return wanted(route.index->plan->name); });
    if (!concerns) scope.others.push_back(id);
  }
  return scope;
}

}  // namespace

Scope ScopeOf(const IndexSet& set, const std::string& index) {
  Scope scope = ScopeOfIndexes(set, {index});
  const auto found = set.indexes.find(index);
  if (found == set.indexes.end()) return scope;
  if (found->second->plan->schemas == nullptr) scope.trees = {index};
  for (const auto& [oid, layout] : found->second->plan->relations) {
    scope.tables.push_back(oid);
    scope.layout ^= layout;
  }
  return scope;
}

Scope ScopeOf(const IndexSet& set) {
  std::vector<std::string> names;
  for (const auto& [name, index] : set.indexes) names.push_back(name);
  for (const auto& [name, trouble] : set.troubles) {
    if (!set.indexes.contains(name)) names.push_back(name);
  }
  Scope scope = ScopeOfIndexes(set, std::move(names));
  for (const auto& [name, index] : set.indexes) {
    if (index->plan->schemas == nullptr) scope.trees.push_back(name);
  }
  return scope;
}

Unfinished UnfinishedUpTo(pg::Session& session, std::int64_t position, const Scope& scope) {
  const pg::Result rows = session.Exec(
      UnfinishedStatement(),
      {std::to_string(position), pg::TextArray(scope.indexes), pg::TextArray(scope.others),
       scope.physical, pg::TextArray(scope.tables), std::to_string(scope.layout),
       scope.later_pieces ? "true" : "false", pg::TextArray(scope.trees)});
  return {rows.Bool(0, 0), rows.Bool(0, 1), Names(rows, 2), Names(rows, 3), rows.Bool(0, 4)};
}

std::int64_t ParsePosition(const std::string& token) {
  std::int64_t id = 0;
  const char* end = token.data() + token.size();
  const auto [rest, error] = std::from_chars(token.data(), end, id);
  if (error != std::errc{} || rest != end || id < 0) {
    throw Error(Disposition::kReject, "'" + token + "' is not a position",
                "take one by SELECT pgsluice.position() after COMMIT");
  }
  return id;
}

std::string Consistency::Position() {
  const auto session = pool_.Acquire();
  return std::string(session->Exec("SELECT pgsluice.position()").Text(0, 0));
}

std::set<std::string> Consistency::Filling() {
  std::set<std::string> names;
  const auto session = pool_.Acquire();
  const pg::Result rows = session->Exec(kFilling);
  for (std::size_t row = 0; row < rows.rows(); ++row) names.emplace(rows.Text(row, 0));
  return names;
}

bool Consistency::WaitUntilLooked(const Knows& knows,
                                  std::chrono::steady_clock::time_point deadline) {
  using std::chrono::milliseconds;
  bool asked = look_ == nullptr;
  // Polls, because other processes can only be observed through the database. A pooled session is
  // held only for each query, so that waiting readers do not use up the pool.
  for (milliseconds pause{5};; pause = std::min(pause * 2, milliseconds(100))) {
    const Looks looks = ReadLooks(*pool_.Acquire());
    if (looks.done() && knows(looks.fingerprint)) return true;
    if (!std::exchange(asked, true)) look_();
    const auto rest = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (rest <= milliseconds(0)) return false;
    std::this_thread::sleep_for(std::min(pause, rest));
  }
}

bool Consistency::WaitUntilApplied(const std::string& token, const ScopeNow& scope,
                                   std::chrono::steady_clock::time_point deadline) {
  using Clock = std::chrono::steady_clock;
  using std::chrono::milliseconds;
  constexpr milliseconds kLongestPause{50};
  const std::int64_t position = ParsePosition(token);
  bool asked = look_ == nullptr;
  // Our own workers signal when they acknowledge. Other processes may hold the event, so the
  // database is asked at intervals; soon at first, because a lone change takes about ten
  // milliseconds.
  for (milliseconds pause{2};; pause = std::min(pause * 2, kLongestPause)) {
    const std::uint64_t seen = monitor_.acknowledged.generation();
    const auto begun = Clock::now();
    if (const std::optional<Scope> now = scope()) {
      const auto session = pool_.Acquire();
      const Unfinished unfinished = UnfinishedUpTo(*session, position, *now);
      if (unfinished.future) {
        throw Error(Disposition::kReject,
                    "position '" + token + "' is in the future: no event has it yet",
                    "take one by SELECT pgsluice.position() after COMMIT");
      }
      if (!unfinished.any()) return true;
      if (unfinished.tables && !std::exchange(asked, true)) look_();
    }
    const auto end = Clock::now();
    if (end >= deadline) return false;
    // A backlog of other indexes may make this query expensive.
    const auto took = std::chrono::ceil<milliseconds>(end - begun);
    const auto rest = std::chrono::ceil<milliseconds>(deadline - end);
    monitor_.acknowledged.WaitForCall(seen, {}, std::min(std::max(pause, took * 2), rest));
  }
}

}  // namespace pgsluice::sync
