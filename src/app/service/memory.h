#pragma once

namespace pgsluice::app {

/// Has freed memory go back to the system soon. Before any thread exists.
void KeepMemorySmall();

}  // namespace pgsluice::app
