#pragma once

#include <string>

namespace pgsluice::pg {

/// Returns which connections are stuck, for readiness: a statement's response does not come
/// although the server does not work on it, or cannot be asked. Empty if there are none. Such a
/// connection is cut within about 15 seconds, so that its session is broken and replaced.
std::string ConnectionTrouble();

}  // namespace pgsluice::pg
