#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::api {

/// Whose request it is: the address that the connection comes from, or, while that belongs to a
/// trusted proxy, the one before it in X-Forwarded-For. `trusted`: addresses and networks
/// ("10.0.0.0/8"). What does not read as an address ends the search.
std::string ClientAddress(const std::string& peer, std::string_view forwarded_for,
                          const std::vector<std::string>& trusted);

/// What a limit counts together: an IPv4 address, or the /64 network of an IPv6 address, because
/// one customer has all of that.
std::string LimitedAs(const std::string& address);

bool IsLoopbackAddress(const std::string& address);

}  // namespace pgsluice::api
