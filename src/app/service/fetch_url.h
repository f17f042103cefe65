#pragma once

#include <string>

namespace pgsluice::app {

/// Returns the body of a GET within five seconds. HTTPS certificates are checked against the
/// system's authorities. Throws Error.
std::string FetchUrl(const std::string& url);

}  // namespace pgsluice::app
