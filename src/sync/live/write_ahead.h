#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <future>

#include "pgsluice/pg/session.h"
#include "pgsluice/sync/bulk_writer.h"
#include "pgsluice/sync/index_set.h"

namespace pgsluice::sync {

/// Writes chunks of documents in separate threads, so that the next chunk is read meanwhile. Used
/// by one thread. The destructor waits for requests in flight and drops their results.
class WriteAhead {
 public:
  /// Takes a chunk's report and the keys that its documents were read by, as a JSON array.
  using Settle = std::function<void(const WriteReport&, const std::string& keys)>;

  /// `settle` is called in the thread that uses this object, once per chunk, in the order of the
  /// chunks. `index` must outlive it.
  WriteAhead(BulkWriter& writer, const LiveIndex& index, Settle settle)
      : writer_(writer), index_(index), settle_(std::move(settle)) {}

  /// Waits until there is room, then starts to write. Throws what writing an earlier chunk threw.
  /// The last chunk is written in Finish(), so that a single chunk does not cost a thread.
  void Write(const pg::Result& rows, std::string keys, bool collect_done, bool last);
  /// Writes and settles all chunks before it returns. Throws like Write().
  void Finish();

 private:
  void SettleOldest();

  BulkWriter& writer_;
  const LiveIndex& index_;
  const Settle settle_;
  struct Chunk {
    std::future<WriteReport> report;
    std::string keys;
  };
  std::deque<Chunk> on_their_way_;
};

}  // namespace pgsluice::sync
