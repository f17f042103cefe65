#pragma once

#include <string>

namespace pgsluice::pg {

/// What is known of connections on which a statement's answer does not come although the server
/// does not work on it, or cannot be asked; empty if there are none. For readiness. Such a
/// connection is cut within about 15 seconds, so that its session is broken and replaced.
std::string ConnectionTrouble();

}  // namespace pgsluice::pg
