#pragma once

#include <functional>
#include <string>

#include "api/http/message.h"

namespace pgsluice::api {

/// Returns what `make` returns, or the answer for what it throws. Never throws.
Response Guarded(const std::string& request_id, const std::function<Response()>& make);

}  // namespace pgsluice::api
