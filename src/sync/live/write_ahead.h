#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <future>

#include "pgsluice/pg/session.h"
#include "pgsluice/sync/bulk_writer.h"
#include "pgsluice/sync/index_set.h"

namespace pgsluice::sync {

/// Writes chunks of documents in threads of their own, so that the next ones are read meanwhile.
/// Used by one thread; destroyed, it waits for what is on its way, whose outcome nobody learns.
class WriteAhead {
 public:
  /// Takes a chunk's report and the keys that its documents were asked by, as JSON array.
  using Settle = std::function<void(const WriteReport&, const std::string& keys)>;

  /// `settle` is called in the thread that uses this, once per chunk, in the order of the chunks.
  /// `index` outlives this.
  WriteAhead(BulkWriter& writer, const LiveIndex& index, Settle settle)
      : writer_(writer), index_(index), settle_(std::move(settle)) {}

  /// Waits until there is room. Throws what writing an earlier chunk threw. The last chunk is left
  /// to Finish(), so that a lone one costs no thread.
  void Write(const pg::Result& rows, std::string keys, bool collect_done, bool last);
  /// When it returns, all are written and settled. Throws as Write().
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
