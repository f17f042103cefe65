// The only file that knows the paths of this clone, so that a compiler cache works for all other
// files in any clone.

#include "support/paths.h"

namespace pgsluice::testing {

std::string Binary() { return PGSLUICE_BINARY; }

std::string SourceFile(std::string_view path) { return PGSLUICE_SOURCE_DIR + std::string(path); }

}  // namespace pgsluice::testing
