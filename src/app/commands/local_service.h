#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "pgsluice/config/config.h"
#include "pgsluice/http/transport.h"

namespace pgsluice::app {

/// Sends a GET to the service that listens at `address` on this machine; nullopt if none answers.
std::optional<http::Response> AskService(const config::Address& address,
                                         const std::optional<config::Tls>& tls,
                                         const std::string& path,
                                         std::chrono::milliseconds timeout);

}  // namespace pgsluice::app
