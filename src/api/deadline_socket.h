#pragma once

#include <Poco/Net/ServerSocket.h>

#include <chrono>
#include <memory>

#include "api/tls_files.h"

namespace pgsluice::api {

/// A listening socket whose connections receive one request within `limit`, however slowly its
/// bytes drip: the time runs from the first wait for bytes and ends when something is sent. Poco
/// itself limits each read only. Beyond it, reading throws Poco::TimeoutException. With `tls`,
/// HTTPS. Throws Poco::Exception when the address cannot be bound.
Poco::Net::ServerSocket ListenWithDeadline(const Poco::Net::SocketAddress& address, int backlog,
                                           std::chrono::milliseconds limit,
                                           std::unique_ptr<TlsFiles> tls);

}  // namespace pgsluice::api
