#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pgsluice/outbox/outbox.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/sync/bulk_writer.h"
#include "pgsluice/sync/holds.h"
#include "pgsluice/sync/index_set.h"

namespace pgsluice::sync {

/// Decides how many rows to read at a time, so that one result stays near a size in bytes whatever
/// a row's size is. Starts small, because each of the first rows may have a megabyte.
class ChunkSizer {
 public:
  explicit ChunkSizer(std::size_t target_bytes = std::size_t{1} << 20U, std::size_t first = 8)
      : target_(target_bytes), next_(first) {}
  std::size_t next() const { return next_; }
  void Observe(std::size_t rows, std::size_t bytes);

  static constexpr std::size_t kMost = 4096;

 private:
  std::size_t target_;
  std::size_t next_;
};

class WriteAhead;

/// Syncs keys of an index: reads their documents at one snapshot and writes them (or deletes those
/// that no longer exist) with that snapshot's clock as version. Every document is written this way.
/// One per thread and session.
class DocumentSyncer {
 public:
  using Keys = std::vector<std::string>;

  DocumentSyncer(pg::Session& session, outbox::Outbox& outbox, BulkWriter& writer, Holds& holds)
      : session_(session), outbox_(outbox), writer_(writer), holds_(holds) {}

  /// Syncs these keys. Keys are JSON arrays (text), root key first. Runs inside the caller's
  /// transaction, which must be READ COMMITTED: every chunk is read at its own snapshot, taken
  /// after the claim. A document that the engine refuses becomes a dead letter in that transaction.
  /// Throws IndexRefused if the engine could not take some documents now.
  void Sync(const LiveIndex& index, const Keys& keys);

  /// Like Sync(), for keys that arrive in parts. `index` must outlive it. If destroyed early, it
  /// waits for the requests in flight.
  class Stream {
   public:
    Stream(DocumentSyncer& syncer, const LiveIndex& index);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    /// Sets a function that is called before each chunk from now on. Chunks are smaller then, and
    /// are sent one at a time while it returns true. Used for very many keys, which must not keep
    /// the engine from other changes.
    void BeforeEachChunk(std::function<bool()> call) { before_chunk_ = std::move(call); }
    /// Adds keys. With `last` (there may be none), all documents are written and settled when it
    /// returns.
    void Add(const Keys& keys, bool last);

   private:
    /// Reads and writes keys [begin, end). A row that cannot be read (if a computed field divides
    /// by zero, say) is found by halving and becomes a dead letter; the others continue.
    void AddChunk(const Keys& keys, std::size_t begin, std::size_t end, bool last);

    DocumentSyncer& syncer_;
    const LiveIndex& index_;
    ChunkSizer& sizer_;
    std::unique_ptr<WriteAhead> writes_;
    std::function<bool()> before_chunk_;
  };

  /// True after a read failed because of a value of some row. Until the transaction that repeats it
  /// has committed, such rows are found one by one and become dead letters.
  bool careful() const { return careful_; }
  void BeCareful() { careful_ = true; }
  void Committed() { careful_ = false; }

  /// Records what happened to documents of `index`. A dead letter needs the key that its document
  /// was read by: `keys_of` returns those of all documents of the report, and is called only if
  /// there is a dead letter. The id cannot be turned back into a key, because its row may not exist
  /// any longer and some ids are hashes. Throws IndexRefused if the engine could not take some
  /// documents now; the event or task, which has the keys, then stays where it is.
  void Settle(const LiveIndex& index, const WriteReport& report,
              const std::function<Keys()>& keys_of);

 private:
  /// Reads the documents of `count` keys, given as a JSON array.
  pg::Result Read(const LiveIndex& index, const std::string& keys, std::size_t count);
  /// Turns refused documents into dead letters.
  void SetAside(const LiveIndex& index, const std::vector<Failure>& rejected, const Keys& keys);
  /// Returns the `_id` of a key whose row cannot be read.
  std::string IdOf(const LiveIndex& index, const std::string& key);

  pg::Session& session_;
  outbox::Outbox& outbox_;
  BulkWriter& writer_;
  Holds& holds_;
  std::map<std::string, ChunkSizer> sizers_;
  bool careful_ = false;  ///< Each read is guarded by a savepoint.
};

/// Returns the `_id` that a key has if no hash is needed (texts joined with '|').
std::string IdOfKey(const plan::Plan& plan, const std::string& key);

/// Returns "[a,b,c]" of the JSON texts [begin, end).
std::string JsonArray(const std::vector<std::string>& texts, std::size_t begin, std::size_t end);

/// Returns the source that dead letters of this index record. In an index over many schemas, it is
/// the schema's source.
std::optional<int> SourceOf(const LiveIndex& index);

}  // namespace pgsluice::sync
