#include "api/http/client_address.h"

#include <algorithm>
#include <array>

#include "pgsluice/base/text.h"
#include "pgsluice/config/network.h"

namespace pgsluice::api {

namespace {

bool IsTrusted(const config::IpBytes& address, const std::vector<std::string>& trusted) {
  return std::any_of(trusted.begin(), trusted.end(), [&address](const std::string& text) {
    const auto network = config::ParseNetwork(text);
    return network && network->Holds(address);
  });
}

}  // namespace

std::string ClientAddress(const std::string& peer, std::string_view forwarded_for,
                          const std::vector<std::string>& trusted) {
  std::string address = peer;
  while (!forwarded_for.empty() && !trusted.empty()) {
    const auto bytes = config::ParseIp(address);
    if (!bytes || !IsTrusted(*bytes, trusted)) break;
    const std::size_t comma = forwarded_for.rfind(',');
    const bool last = comma == std::string_view::npos;
    const std::string before(base::Trimmed(last ? forwarded_for : forwarded_for.substr(comma + 1)));
    if (!config::ParseIp(before)) break;
    address = before;
    forwarded_for = last ? std::string_view() : forwarded_for.substr(0, comma);
  }
  return address;
}

std::string LimitedAs(const std::string& address) {
  const auto bytes = config::ParseIp(address);
  if (!bytes) return address;
  const bool v4 = config::IsMappedV4(*bytes);
  return {reinterpret_cast<const char*>(bytes->data()), v4 ? bytes->size() : std::size_t{8}};
}

bool IsLoopbackAddress(const std::string& address) {
  const auto bytes = config::ParseIp(address);
  static const config::IpBytes kV6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return bytes && (*bytes == kV6 || (config::IsMappedV4(*bytes) && (*bytes)[12] == 127));
}

}  // namespace pgsluice::api
