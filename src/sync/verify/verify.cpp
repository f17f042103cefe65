#include "pgsluice/sync/verify.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "pgsluice/base/error.h"
#include "pgsluice/json/equal.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/pg/sql_error.h"
#include "pgsluice/plan/unsearchable.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "sync/live/divide.h"
#include "sync/live/document_syncer.h"
#include "sync/live/missing_documents.h"

namespace pgsluice::sync {

namespace {

// A version is epoch << 48 | clock; see migrations/0002_clock.sql.
constexpr int kEpochBits = 48;
constexpr std::int64_t kLastEpoch = 32'000;

const pg::Statement kRaise{"verify_raise",
                           "SELECT $1::bigint >= pgsluice.version() AND "
                           "pgsluice.check_epoch($1::bigint + 1)"};

constexpr int kIdsPerPage = 1000;

// Columns of Plan::read_by_key and of block statements.
constexpr std::size_t kId = 1, kDocument = 2, kRouting = 3;

// The content of a row whose document cannot be computed, and of several documents with one id.
// Neither is equal to any document, nor to the other.
constexpr std::string_view kLikeNoDocument = "null", kSeveralDocuments = "0";
// Stands for the content of documents that an ingest pipeline may have changed. Only their presence
// and routing are compared.
constexpr std::string_view kAnyContent = "true";

http::Response Ask(engine::Engine& engine, const std::string& path, const std::string& body) {
  // No filter_path, because the engine would then rewrite the documents and lose digits.
  http::Response response = engine.Send({.method = "POST", .path = path, .body = body});
  if (response.status == 200) return response;
  throw Error(Disposition::kRetry,
              "the engine answers " + path + " with status " + std::to_string(response.status));
}

/// Returns the documents of these ids in the engine; ids without a document are absent.
std::map<std::string, Placed> Fetch(engine::Engine& engine, const LiveIndex& index,
                                    const std::vector<std::string>& ids) {
  std::map<std::string, Placed> documents;
  if (ids.empty()) return documents;
  std::string list = "[";
  for (const std::string& id : ids) {
    if (list.size() > 1) list += ',';
    json::AppendString(list, id);
  }
  list += ']';
  // The routing of a document that should not exist is not known. So all shards are searched, and
  // several of them may have a document with this id.
  const bool routed = index.plan->IsRouted();
  if (routed) engine.Refresh(index.alias);
  const http::Response response =
      routed ? Ask(engine,
                   "/" + http::Encode(index.alias) + "/_search?allow_partial_search_results=false",
                   R"({"version":true,"size":)" + std::to_string(2 * ids.size()) +
                       R"(,"query":{"ids":{"values":)" + list + "}}}")
             : Ask(engine, "/" + http::Encode(index.alias) + "/_mget", R"({"ids":)" + list + "}");
  const json::Value answer = json::Parse(response.body);
  const json::Value* docs = routed ? answer.Find({"hits", "hits"}) : answer.Find("docs");
  if (docs == nullptr) return documents;
  for (const json::Value& doc : docs->items) {
    const json::Value* source = doc.Find("_source");
    if (source == nullptr) continue;
    const json::Value* routing = doc.Find("_routing");
    const json::Value* version = doc.Find("_version");
    Placed placed{index.plan->config.pipeline.empty()
                      ? response.body.substr(source->begin, source->end - source->begin)
                      : std::string(kAnyContent),
                  routing == nullptr ? "" : routing->text,
                  version == nullptr ? 0 : version->AsInt().value_or(0)};
    const auto [at, first] = documents.emplace(doc.Find("_id")->text, std::move(placed));
    if (!first) at->second.document = kSeveralDocuments;
  }
  return documents;
}

// A row that changes all the time is always in flight, so it is given up after this many checks.
constexpr int kAttempts = 50;

bool Same(const Placed& ours, const Placed& theirs) {
  if (ours.routing != theirs.routing) return false;
  return ours.document == theirs.document ||
         json::Equal(json::Parse(ours.document), json::Parse(theirs.document));
}

/// Returns whether both have the same document with this id, or both have none.
bool SameIn(const std::map<std::string, Placed>& a, const std::map<std::string, Placed>& b,
            const std::string& id) {
  const auto in_a = a.find(id);
  const auto in_b = b.find(id);
  if (in_a == a.end() || in_b == b.end()) return (in_a == a.end()) == (in_b == b.end());
  return Same(in_a->second, in_b->second);
}

}  // namespace

VerifyReport Verifier::Verify(const LiveIndex& index, const Report& report,
                              const Advance& advance) {
  VerifyReport totals;
  ForEachMember(index, [&](const LiveIndex& one) { CompareTable(one, report, advance, totals); });
  CompareIds(index, report, advance, totals);
  return totals;
}

VerifyReport Verifier::VerifyKeys(const LiveIndex& index, const Keys& keys, const Report& report) {
  VerifyReport totals;
  ChunkSizer sizer;
  for (std::size_t begin = 0; begin < keys.size();) {
    const std::size_t end = std::min(keys.size(), begin + sizer.next());
    const auto at = [&](std::size_t i) { return keys.begin() + static_cast<std::ptrdiff_t>(i); };
    const Keys some(at(begin), at(end));
    Confirm(index, Compare(index, some, &totals.compared), report, totals);
    sizer.Observe(some.size(), bytes_);
    begin = end;
  }
  return totals;
}

VerifyReport Verifier::VerifyIds(const LiveIndex& index, const Keys& ids, const Report& report) {
  VerifyReport totals;
  Confirm(index, Orphans(index, ids), report, totals);
  return totals;
}

void Verifier::Recheck(const LiveIndex& index, const Keys& ids, const Report& report) {
  VerifyReport totals;
  std::vector<Difference> candidates;
  for (const std::string& id : ids) candidates.push_back({id, ""});
  Confirm(index, candidates, report, totals);
}

void Verifier::CompareTable(const LiveIndex& index, const Report& report, const Advance& advance,
                            VerifyReport& totals) {
  // The cursor's snapshot provides only the keys; each document is read when its turn comes. WITH
  // HOLD keeps no transaction open while the engine works. DISTINCT, so that a key of several rows
  // is compared once.
  const std::string all = index.plan->several_ids ? "SELECT DISTINCT key::text FROM (" +
                                                        index.plan->all_keys_sql + ") AS keys(key)"
                                                  : index.plan->all_keys_sql;
  session_.Exec("DECLARE verify_keys NO SCROLL CURSOR WITH HOLD FOR " + all);
  ChunkSizer sizer;
  while (true) {
    const pg::Result rows =
        session_.Exec("FETCH " + std::to_string(sizer.next()) + " FROM verify_keys");
    if (rows.rows() == 0) break;
    Keys keys;
    for (std::size_t row = 0; row < rows.rows(); ++row) keys.emplace_back(rows.Text(row, 0));
    Confirm(index, Compare(index, keys, &totals.compared), report, totals);
    if (advance) advance(totals.compared, false);
    sizer.Observe(keys.size(), bytes_);
  }
  session_.Exec("CLOSE verify_keys");
}

std::vector<Difference> Verifier::Compare(const LiveIndex& index, const Keys& keys,
                                          std::int64_t* compared) {
  const std::vector<Row> rows = Rows(index, keys);
  Ids ids;
  bytes_ = 0;
  for (const Row& row : rows) {
    ids.push_back(row.id);
    bytes_ += row.placed ? row.placed->document.size() : 0;
  }
  const auto theirs = Fetch(engine_, index, ids);
  std::vector<Difference> differences;
  for (const Row& row : rows) {
    const auto found = theirs.find(row.id);
    const bool there = found != theirs.end();
    if (!row.placed) {
      if (there) differences.push_back({row.id, "orphan"});
      continue;
    }
    ++*compared;
    if (!there) {
      differences.push_back({row.id, "missing"});
    } else if (!Same(*row.placed, found->second)) {
      differences.push_back({row.id, "stale"});
    }
  }
  return differences;
}

std::vector<Verifier::Row> Verifier::Rows(const LiveIndex& index, const Keys& keys) {
  std::vector<Row> rows;
  AddRows(index, keys, 0, keys.size(), rows);
  return rows;
}

void Verifier::AddRows(const LiveIndex& index, const Keys& keys, std::size_t begin, std::size_t end,
                       std::vector<Row>& rows) {
  if (begin == end) return;
  try {
    const pg::Result read =
        session_.Exec(index.plan->ReadStatement(end - begin), {JsonArray(keys, begin, end)});
    const plan::Unsearchable unsearchable(*index.plan, engine_.Detect().opensearch);
    const bool piped = !index.plan->config.pipeline.empty();
    for (std::size_t row = 0; row < read.rows(); ++row) {
      rows.push_back({std::string(read.Text(row, kId)), {}});
      if (read.IsNull(row, kDocument)) continue;
      const std::string document(piped ? kAnyContent : read.Text(row, kDocument));
      rows.back().placed = {unsearchable.Mark(document).value_or(document),
                            std::string(read.Text(row, kRouting))};
    }
  } catch (const pg::SqlError& error) {
    // One row makes the whole statement fail. Halving finds it, and it counts as a difference.
    if (!error.IsOfOneRow()) throw;
    if (end - begin == 1) {
      rows.push_back({IdOfKey(*index.plan, keys[begin]), Placed{std::string(kLikeNoDocument), {}}});
      return;
    }
    const std::size_t middle = begin + (end - begin) / 2;
    AddRows(index, keys, begin, middle, rows);
    AddRows(index, keys, middle, end, rows);
  }
}

void Verifier::CompareIds(const LiveIndex& index, const Report& report, const Advance& advance,
                          VerifyReport& totals) {
  engine_.Refresh(index.alias);
  for (std::string after;;) {
    const engine::Engine::IdPage page = engine_.Ids(index.alias, after, kIdsPerPage, false);
    if (page.ids.empty()) return;
    totals.differences += VerifyIds(index, page.ids, report).differences;
    if (advance) advance(totals.compared, true);
    after = page.next;
  }
}

std::vector<Difference> Verifier::Orphans(const LiveIndex& index, const Ids& ids) {
  std::vector<Difference> orphans;
  const DividedIds divided = DivideIds(session_, index, ids, {});
  for (const std::size_t place : divided.foreign) orphans.push_back({ids[place], "orphan"});
  for (const IdsOfOne& one : divided.parts) AddOrphans(one.index, one.ids, orphans);
  return orphans;
}

void Verifier::AddOrphans(const LiveIndex& index, const Ids& ids,
                          std::vector<Difference>& orphans) {
  const std::set<std::string> asked(ids.begin(), ids.end());
  const SortedIds sorted = SortIds(session_, *index.plan, ids, {}, false);
  for (const std::size_t place : sorted.foreign) orphans.push_back({ids[place], "orphan"});
  for (const auto& [statement, parameter] : MissingQueries(*index.plan, sorted)) {
    const pg::Result rows = session_.Exec(statement, {parameter});
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      std::string id(rows.Text(row, kId));
      // If a key has several ids, the query also returns ids without a row that the engine does not
      // have.
      if (asked.contains(id)) orphans.push_back({std::move(id), "orphan"});
    }
  }
}

void Verifier::Confirm(const LiveIndex& index, const std::vector<Difference>& candidates,
                       const Report& report, VerifyReport& totals) {
  Ids ids;
  for (const Difference& candidate : candidates) ids.push_back(candidate.id);
  for (int attempt = 0; attempt < kAttempts && !ids.empty(); ++attempt) {
    // Everything that `before` includes is committed, and so at or below the position that is
    // awaited. If the row does not change until `after`, the engine must have this document.
    const Documents before = Read(index, ids);
    const auto deadline = std::chrono::steady_clock::now() + patience_;
    if (!consistency_.WaitUntilApplied(consistency_.Position(), in_flight_, deadline)) {
      throw StillInFlight(patience_);
    }
    const Documents theirs = Fetch(engine_, index, ids);
    const Documents after = Read(index, ids);
    Ids undecided;
    for (const std::string& id : ids) {
      if (SameIn(before, theirs, id) || SameIn(after, theirs, id)) continue;
      // The document changed between the two reads. Or its `refresh_at` time came after the wait
      // began, when that was not an event yet.
      const bool timed = !index.plan->keep_times.sql.empty() && attempt == 0;
      if (timed || !SameIn(before, after, id)) {
        undecided.push_back(id);
        continue;
      }
      ++totals.differences;
      const auto found = theirs.find(id);
      report({id,
              !after.contains(id)     ? "orphan"
              : found == theirs.end() ? "missing"
                                      : "stale",
              found == theirs.end() ? 0 : found->second.version});
    }
    ids = std::move(undecided);
  }
}

Verifier::Documents Verifier::Read(const LiveIndex& index, const Ids& ids) {
  Documents documents;
  for (const IdsOfOne& one : DivideIds(session_, index, ids, {}).parts) {
    for (Row& row : Rows(one.index, KeysOf(one.index, one.ids))) {
      if (row.placed) documents.emplace(std::move(row.id), *std::move(row.placed));
    }
  }
  return documents;
}

Verifier::Keys Verifier::KeysOf(const LiveIndex& index, const Ids& ids) {
  SortedIds sorted = SortIds(session_, *index.plan, ids, {}, false);
  Keys keys = std::move(sorted.keys);
  if (sorted.opaque.empty()) return keys;
  Keys opaque;
  for (const std::string& id : sorted.opaque) opaque.push_back(json::Quote(id));
  const pg::Result rows =
      session_.Exec(index.plan->keys_of_ids, {JsonArray(opaque, 0, opaque.size())});
  for (std::size_t row = 0; row < rows.rows(); ++row) keys.emplace_back(rows.Text(row, 0));
  return keys;
}

void Verifier::RaiseAbove(const std::vector<Difference>& differences) {
  std::int64_t highest = 0;
  for (const Difference& difference : differences) {
    highest = std::max(highest, difference.version);
  }
  if (highest >> kEpochBits >= kLastEpoch) {
    throw Error(Disposition::kReject,
                "another program wrote documents with versions too high to be exceeded (" +
                    std::to_string(highest) + ")",
                "run 'pgsluice reindex INDEX', which builds the index from PostgreSQL");
  }
  // This makes our next version higher than the highest found. A version that is visible in this
  // statement's snapshot is lower.
  if (session_.Exec(kRaise, {std::to_string(highest)}).Bool(0, 0)) {
    observe::Log(observe::Level::kWarn, "sync",
                 "documents in the engine have versions above ours, so another program wrote them. "
                 "The epoch was raised, so that our versions are higher");
  }
}

void Verifier::Repair(const LiveIndex& index, const std::vector<Difference>& differences) {
  Ids ids, orphans;
  for (const Difference& difference : differences) {
    const bool orphan = std::string_view(difference.kind) == "orphan";
    (orphan ? orphans : ids).push_back(difference.id);
  }
  // Ids that no row can have, or whose keys are not known. A walk also finds documents under a
  // wrong routing.
  bool walk = index.plan->IsRouted();
  std::map<int, Keys> keys;  // by source
  for (const IdsOfOne& one : DivideIds(session_, index, ids, {}).parts) {
    const Keys of_one = KeysOf(one.index, one.ids);
    Keys& all = keys[one.index.root_source];
    all.insert(all.end(), of_one.begin(), of_one.end());
  }
  const DividedIds divided = DivideIds(session_, index, orphans, {});
  walk = walk || !divided.foreign.empty();
  for (const IdsOfOne& one : divided.parts) {
    const SortedIds sorted = SortIds(session_, *one.index.plan, one.ids, {}, false);
    Keys& all = keys[one.index.root_source];
    all.insert(all.end(), sorted.keys.begin(), sorted.keys.end());
    walk = walk || !sorted.foreign.empty() || !sorted.opaque.empty();
  }
  pg::Transaction transaction(session_);
  RaiseAbove(differences);
  for (const auto& [source, of_source] : keys) {
    if (!of_source.empty()) outbox_.Enqueue(source, of_source);
  }
  if (walk && !differences.empty()) CreateWalk(session_, index, PresentPosition(session_));
  transaction.Commit();
}

}  // namespace pgsluice::sync
