#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pgsluice/outbox/outbox.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/sync/bulk_writer.h"
#include "pgsluice/sync/holds.h"
#include "pgsluice/sync/index_set.h"

namespace pgsluice::sync {

/// How many rows to ask for at a time, so that one answer stays near a size in bytes whatever the
/// rows weigh. Starts small, because the first rows may weigh a megabyte each.
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

/// The one operation: for these keys of this index, read the documents as they are now, at one
/// snapshot, and write them (or delete those that no longer exist) with that snapshot's clock as
/// version. One per thread and session.
class DocumentSyncer {
 public:
  using Keys = std::vector<std::string>;

  DocumentSyncer(pg::Session& session, outbox::Outbox& outbox, BulkWriter& writer, Holds& holds)
      : session_(session), outbox_(outbox), writer_(writer), holds_(holds) {}

  /// Keys are JSON arrays (text), root key first. Runs inside the caller's transaction, which must
  /// be READ COMMITTED: every chunk is read at a snapshot of its own, taken after the claim.
  /// What the engine refuses becomes a dead letter in that transaction. Throws IndexRefused if it
  /// could not take some documents now.
  void Sync(const LiveIndex& index, const Keys& keys);

  /// The same for keys that come in parts. `index` outlives this; destroyed early, it waits for
  /// what is on its way to the engine.
  class Stream {
   public:
    Stream(DocumentSyncer& syncer, const LiveIndex& index);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    /// To be called before each chunk from now on, which are smaller ones, and one at a time while
    /// it answers true: for very many keys, which must not keep the engine from what changes
    /// meanwhile.
    void BeforeEachChunk(std::function<bool()> call) { before_chunk_ = std::move(call); }
    /// With the last keys (there may be none), all are written and settled when this returns.
    void Add(const Keys& keys, bool last);

   private:
    /// Reads and writes keys [begin, end). A row that cannot be read (a computed field divides by
    /// zero, say) is found by halving and becomes a dead letter; the others go on.
    void AddChunk(const Keys& keys, std::size_t begin, std::size_t end, bool last);

    DocumentSyncer& syncer_;
    const LiveIndex& index_;
    ChunkSizer& sizer_;
    std::unique_ptr<WriteAhead> writes_;
    std::function<bool()> before_chunk_;
  };

  /// A read failed because of a value of some row: until the transaction that repeats it has
  /// committed, such rows are found one by one and become dead letters.
  bool careful() const { return careful_; }
  void BeCareful() { careful_ = true; }
  void Committed() { careful_ = false; }

  /// Records what happened to documents of `index`. Set aside is the key that a document was asked
  /// by: `keys_of` returns those of all documents of the report, and is called only if there is
  /// such a one. An id is never turned back into a key: its row may be gone, and some ids are
  /// hashes. Throws IndexRefused if the engine could not take some documents now: then the event or
  /// task, which has the keys, stays where it is.
  void Settle(const LiveIndex& index, const WriteReport& report,
              const std::function<Keys()>& keys_of);

 private:
  /// The documents of `count` keys, given as JSON array.
  pg::Result Read(const LiveIndex& index, const std::string& keys, std::size_t count);
  /// Makes dead letters of what the engine refuses.
  void SetAside(const LiveIndex& index, const std::vector<Failure>& rejected, const Keys& keys);
  /// The `_id` of a key whose row cannot be read.
  std::string IdOf(const LiveIndex& index, const std::string& key);

  pg::Session& session_;
  outbox::Outbox& outbox_;
  BulkWriter& writer_;
  Holds& holds_;
  std::map<std::string, ChunkSizer> sizers_;
  bool careful_ = false;  ///< Each read is guarded with a savepoint.
};

/// The `_id` that a key would have if no hash were needed (texts joined with '|').
std::string IdOfKey(const plan::Plan& plan, const std::string& key);

/// "[a,b,c]" of JSON texts [begin, end).
std::string JsonArray(const std::vector<std::string>& texts, std::size_t begin, std::size_t end);

}  // namespace pgsluice::sync
