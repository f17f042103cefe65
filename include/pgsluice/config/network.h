#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// Parses IP addresses and networks.
namespace pgsluice::config {

using IpBytes = std::array<std::uint8_t, 16>;  ///< IPv4 as ::ffff:a.b.c.d.

struct Network {
  IpBytes address{};
  unsigned bits = 128;  ///< How many of the 128 must be equal.
  bool Holds(const IpBytes& other) const;
};

/// Parses "10.1.2.3", "::1" or "[::1]"; nullopt for any other text.
std::optional<IpBytes> ParseIp(std::string_view text);
bool IsMappedV4(const IpBytes& address);
/// Parses an address or "10.0.0.0/8"; nullopt for any other text.
std::optional<Network> ParseNetwork(std::string_view text);

}  // namespace pgsluice::config
