#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// IP addresses and networks as texts.
namespace pgsluice::config {

using IpBytes = std::array<std::uint8_t, 16>;  ///< IPv4 as ::ffff:a.b.c.d.

struct Network {
  IpBytes address{};
  unsigned bits = 128;  ///< Of the 128 that must be equal.
  bool Holds(const IpBytes& other) const;
};

/// "10.1.2.3", "::1", "[::1]", or nothing.
std::optional<IpBytes> ParseIp(std::string_view text);
bool IsMappedV4(const IpBytes& address);
/// An address or "10.0.0.0/8", or nothing.
std::optional<Network> ParseNetwork(std::string_view text);

}  // namespace pgsluice::config
