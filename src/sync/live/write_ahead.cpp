#include "sync/live/write_ahead.h"

#include "pgsluice/observe/trace.h"

namespace pgsluice::sync {

namespace {

// Two requests in flight while the next chunk is read; each holds its documents in memory.
constexpr std::size_t kChunks = 2;

}  // namespace

void WriteAhead::Write(const pg::Result& rows, std::string keys, bool collect_done, bool last) {
  if (on_their_way_.size() == kChunks) SettleOldest();
  // The last chunk is written by the calling thread, because nothing is left to read meanwhile.
  auto report = std::async(last ? std::launch::deferred : std::launch::async,
                           [this, rows, collect_done, span = observe::Span::Innermost()] {
                             const observe::SpansBelongTo spans_belong_to(span);
                             return writer_.Write(index_, rows, collect_done);
                           });
  on_their_way_.push_back({std::move(report), std::move(keys)});
}

void WriteAhead::Finish() {
  while (!on_their_way_.empty()) SettleOldest();
}

void WriteAhead::SettleOldest() {
  Chunk oldest = std::move(on_their_way_.front());
  on_their_way_.pop_front();
  settle_(oldest.report.get(), oldest.keys);
}

}  // namespace pgsluice::sync
