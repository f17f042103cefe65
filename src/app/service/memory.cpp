#include "app/service/memory.h"

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

namespace pgsluice::app {

void KeepMemorySmall() {
#ifdef M_ARENA_MAX
  // Documents and request bodies take megabytes for a short time. By default glibc keeps this
  // memory: one arena per thread, and an mmap threshold that grows with freed blocks. With these
  // settings, _bulk bodies are mapped and returned to the system. Answers to searches, which are
  // smaller, reuse existing pages, because touching new ones took a third of the CPU time of a 400
  // KB answer.
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
  mallopt(M_TRIM_THRESHOLD, 4 * 1024 * 1024);
#endif
}

}  // namespace pgsluice::app
