#include "app/service/memory.h"

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

namespace pgsluice::app {

void KeepMemorySmall() {
#ifdef M_ARENA_MAX
  // Documents and bodies of requests come and go by the megabyte. Left alone, glibc keeps them: one
  // arena per thread, and a threshold for mmap that grows with what was freed. Bodies of _bulk are
  // mapped and given back; answers to searches, which are smaller, reuse pages that are there:
  // touching new ones took a third of the CPU that an answer of 400 KB cost.
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
  mallopt(M_TRIM_THRESHOLD, 4 * 1024 * 1024);
#endif
}

}  // namespace pgsluice::app
