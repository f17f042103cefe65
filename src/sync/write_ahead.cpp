#include "sync/write_ahead.h"

#include "pgsluice/observe/trace.h"

namespace pgsluice::sync {

namespace {

// Two requests on their way beside the chunk that is read; each costs its documents' memory.
constexpr std::size_t kChunks = 2;

}  // namespace

void WriteAhead::Write(const pg::Result& rows, bool collect_done, bool last) {
  if (on_their_way_.size() == kChunks) SettleOldest();
  on_their_way_.push_back(std::async(last ? std::launch::deferred : std::launch::async,
                                     [this, rows, collect_done, span = observe::Span::Innermost()] {
                                       const observe::SpansBelongTo spans_belong_to(span);
                                       return writer_.Write(index_, rows, collect_done);
                                     }));
}

void WriteAhead::Finish() {
  while (!on_their_way_.empty()) SettleOldest();
}

void WriteAhead::SettleOldest() {
  const WriteReport report = on_their_way_.front().get();
  on_their_way_.pop_front();
  settle_(report);
}

}  // namespace pgsluice::sync
