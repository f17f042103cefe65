#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "pgsluice/config/config.h"
#include "pgsluice/http/transport.h"

namespace pgsluice::app {

/// GET from the service that listens at `address` on this machine; nothing when none answers.
std::optional<http::Response> AskService(const config::Address& address,
                                         const std::optional<config::Tls>& tls,
                                         const std::string& path,
                                         std::chrono::milliseconds timeout);

}  // namespace pgsluice::app
