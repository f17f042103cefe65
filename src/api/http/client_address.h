#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::api {

/// Returns the caller's address: that of the connection, or, while it belongs to a trusted proxy,
/// the one before it in X-Forwarded-For. `trusted`: addresses and networks ("10.0.0.0/8"). Stops at
/// text that is not an address.
std::string ClientAddress(const std::string& peer, std::string_view forwarded_for,
                          const std::vector<std::string>& trusted);

/// Returns the unit that a limit counts: an IPv4 address, or the /64 network of an IPv6 address,
/// because one customer has all of it.
std::string LimitedAs(const std::string& address);

bool IsLoopbackAddress(const std::string& address);

}  // namespace pgsluice::api
