#pragma once

namespace pgsluice::app {

/// Makes freed memory go back to the system soon. Call it before any thread exists.
void KeepMemorySmall();

}  // namespace pgsluice::app
