#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pgsluice/http/transport.h"

namespace pgsluice::http {

/// The parts of a configured URL.
struct Address {
  bool tls = false;
  std::string host;  ///< Without the brackets of an IPv6 address.
  std::uint16_t port = 0;
  std::string prefix;     ///< Path before every request path: "" or "/search".
  std::string user_info;  ///< "user:password" out of the URL, decoded; or empty.
  std::string text;       ///< For messages: scheme, host and port, no secrets.
};

/// Parses a URL. Throws Error(kFatal) with a hint if it is not an http or https URL.
Address ParseAddress(std::string_view url);

/// Returns the value of the Host header.
std::string HostHeader(const Address& address);

/// Returns the value of the Authorization header for one address, or empty: the API key, else the
/// bearer token, else user and password from the options, else those in the URL.
std::string Authorization(const ClientOptions& options, const Address& address);

}  // namespace pgsluice::http
