#include "pgsluice/config/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace pgsluice::config {

bool Network::Holds(const IpBytes& other) const {
  const unsigned whole = bits / 8;
  const unsigned rest = bits % 8;
  if (!std::equal(address.begin(), address.begin() + whole, other.begin())) return false;
  if (rest == 0) return true;
  return (address[whole] ^ other[whole]) >> (8 - rest) == 0;
}

std::optional<IpBytes> ParseIp(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  std::string name(text.substr(0, text.find('%')));
  if (name.find('.') != std::string::npos && name.find(':') == std::string::npos) {
    name = "::ffff:" + name;
  }
  IpBytes bytes{};
  if (inet_pton(AF_INET6, name.c_str(), bytes.data()) != 1) return std::nullopt;
  return bytes;
}

bool IsMappedV4(const IpBytes& address) {
  return std::all_of(address.begin(), address.begin() + 10, [](auto byte) { return byte == 0; }) &&
         address[10] == 0xFF && address[11] == 0xFF;
}

std::optional<Network> ParseNetwork(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = ParseIp(text.substr(0, slash));
  if (!address) return std::nullopt;
  Network network{*address, 128};
  if (slash == std::string_view::npos) return network;
  const char* end = text.data() + text.size();
  unsigned bits = 0;
  const auto [rest, error] = std::from_chars(text.data() + slash + 1, end, bits);
  const unsigned most = IsMappedV4(*address) ? 32 : 128;
  if (error != std::errc{} || rest != end || bits > most) return std::nullopt;
  network.bits = bits + 128 - most;
  return network;
}

}  // namespace pgsluice::config
