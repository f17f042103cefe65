#include "sync/live/document_syncer.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/observe/trace.h"
#include "pgsluice/pg/sql_error.h"
#include "pgsluice/plan/schema_ids.h"
#include "sync/live/missing_documents.h"
#include "sync/live/write_ahead.h"

namespace pgsluice::sync {

std::string IdOfKey(const plan::Plan& plan, const std::string& key) {
  std::string id = plan.schema.empty() ? "" : plan::IdsBegin(plan.schema);
  const json::Value array = json::Parse(key);
  for (std::size_t i = 0; i < std::min(plan.key.size(), array.items.size()); ++i) {
    if (i > 0) id += '|';
    for (const char c : array.items[i].text) {
      if (c == '|' || c == '\\') id += '\\';
      id += c;
    }
  }
  return id;
}

std::optional<int> SourceOf(const LiveIndex& index) {
  return index.plan->schema.empty() ? std::nullopt : std::optional(index.root_source);
}

// Documents per chunk of a large fan-out: what the engine writes in about a tenth of a second.
constexpr std::size_t kPolite = 1024;

void ChunkSizer::Observe(std::size_t rows, std::size_t bytes) {
  if (rows == 0) return;
  const std::size_t fits =
      std::max<std::size_t>(1, target_ * rows / std::max<std::size_t>(bytes, 1));
  next_ = std::min({kMost, fits, next_ * 2});
}

std::string JsonArray(const std::vector<std::string>& texts, std::size_t begin, std::size_t end) {
  std::string array = "[";
  for (std::size_t i = begin; i < end; ++i) {
    if (i > begin) array += ',';
    array += texts[i];
  }
  array += ']';
  return array;
}

namespace {

/// Returns the texts of the items of a JSON array.
DocumentSyncer::Keys Items(const std::string& array) {
  DocumentSyncer::Keys items;
  for (const json::Value& item : json::Parse(array).items) {
    items.push_back(array.substr(item.begin, item.end - item.begin));
  }
  return items;
}

}  // namespace

DocumentSyncer::Stream::Stream(DocumentSyncer& syncer, const LiveIndex& index)
    : syncer_(syncer),
      index_(index),
      sizer_(syncer.sizers_[index.plan->name]),
      writes_(std::make_unique<WriteAhead>(
          syncer.writer_, index, [this](const WriteReport& report, const std::string& keys) {
            syncer_.Settle(index_, report, [&] { return Items(keys); });
            sizer_.Observe(report.indexed + report.deleted, report.bytes);
          })) {}

DocumentSyncer::Stream::~Stream() = default;

void DocumentSyncer::Stream::Add(const Keys& keys, bool last) {
  for (std::size_t begin = 0; begin < keys.size();) {
    const std::size_t most = before_chunk_ ? kPolite : ChunkSizer::kMost;
    const std::size_t end = std::min(keys.size(), begin + std::min(sizer_.next(), most));
    if (before_chunk_ && before_chunk_()) writes_->Finish();
    AddChunk(keys, begin, end, last);
    begin = end;
  }
  if (last) writes_->Finish();
}

void DocumentSyncer::Stream::AddChunk(const Keys& keys, std::size_t begin, std::size_t end,
                                      bool last) {
  std::optional<pg::Result> rows;
  std::string asked = JsonArray(keys, begin, end);
  const bool guarded = syncer_.careful_;
  try {
    rows = syncer_.Read(index_, asked, end - begin);
  } catch (const pg::SqlError& error) {
    if (!guarded || !error.IsOfOneRow()) throw;
    if (end - begin == 1) {
      syncer_.outbox_.RecordDeadLetter(index_.plan->name, syncer_.IdOf(index_, keys[begin]),
                                       keys[begin], error.what(), 0, SourceOf(index_));
      return;
    }
    // One row makes the whole statement fail. Halving finds it with few reads.
    const std::size_t middle = begin + (end - begin) / 2;
    AddChunk(keys, begin, middle, last);
    AddChunk(keys, middle, end, last);
    return;
  }
  // `whole`: during a reindex, one index may still refuse what the other accepts.
  const bool collect_done = index_.whole && syncer_.outbox_.HasDeadLetters(index_.plan->name);
  writes_->Write(*rows, std::move(asked), collect_done, last && end == keys.size());
}

void DocumentSyncer::Sync(const LiveIndex& index, const Keys& keys) {
  Stream(*this, index).Add(keys, true);
}

pg::Result DocumentSyncer::Read(const LiveIndex& index, const std::string& keys,
                                std::size_t count) {
  const pg::Statement& read = index.plan->ReadStatement(count);
  observe::Span span(observe::SpanKind::kClient, "read");
  span.Set("pgsluice.index", index.plan->name);
  span.Set("pgsluice.keys", static_cast<std::int64_t>(count));
  try {
    // A savepoint costs two more round trips, so it is used only after a read has failed.
    if (!careful_) return session_.Exec(read, {keys});
    session_.Exec("SAVEPOINT careful");
    pg::Result rows = session_.Exec(read, {keys});
    session_.Exec("RELEASE SAVEPOINT careful");
    return rows;
  } catch (const pg::SqlError& error) {
    if (careful_) session_.Exec("ROLLBACK TO SAVEPOINT careful");
    careful_ = careful_ || error.IsOfOneRow();
    throw;
  }
}

void DocumentSyncer::Settle(const LiveIndex& index, const WriteReport& report,
                            const std::function<Keys()>& keys_of) {
  const std::string& name = index.plan->name;
  if (!report.rejected.empty()) SetAside(index, report.rejected, keys_of());
  if (!report.done.empty()) outbox_.DropDeadLetters(name, report.done);
  if (report.retry.empty()) {
    if (report.indexed + report.deleted > 0) holds_.Taken(name);
    return;
  }
  // The exception rolls back the transaction. So the event or task stays, with its key, age and
  // position.
  const Failure& first = report.retry.front();
  throw engine::IndexRefused(first.error, engine::RemedyOf(first.status, first.error));
}

void DocumentSyncer::SetAside(const LiveIndex& index, const std::vector<Failure>& rejected,
                              const Keys& keys) {
  const std::string& name = index.plan->name;
  std::map<std::string, std::string> by_id;
  const auto ids = IdsOfKeys(session_, *index.plan, keys, true);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (const std::string& id : ids[i]) by_id.emplace(id, keys[i]);
  }
  for (const Failure& failure : rejected) {
    // Ids and reasons contain values of rows, so they are shown only to those who may read the
    // database.
    observe::Log(observe::Level::kWarn, "sync", "the engine refuses a document: dead letter",
                 {{"index", name},
                  {"error", failure.error.substr(0, failure.error.find(':'))},
                  {"see", "pgsluice dead-letters list"}});
    observe::Log(observe::Level::kDebug, "sync", "dead letter",
                 {{"index", name}, {"id", failure.id}, {"error", failure.error}});
    const auto key = by_id.find(failure.id);
    if (key == by_id.end()) continue;  // a row that was scanned has changed, and that is an event
    outbox_.RecordDeadLetter(name, failure.id, key->second, failure.error, failure.status,
                             SourceOf(index));
  }
}

std::string DocumentSyncer::IdOf(const LiveIndex& index, const std::string& key) {
  const auto ids = IdsOfKeys(session_, *index.plan, {key}, true);
  return ids[0].empty() ? IdOfKey(*index.plan, key) : ids[0][0];
}

}  // namespace pgsluice::sync
