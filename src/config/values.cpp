#include "pgsluice/config/values.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <regex>

namespace pgsluice::config {

namespace {

/// Splits "5 MB" into the number and the unit in lower case.
std::optional<std::pair<std::uint64_t, std::string>> NumberAndUnit(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  std::string unit;
  for (const char* c = end; c != text.data() + text.size(); ++c) {
    if (*c == ' ' && unit.empty()) continue;
    unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  }
  return std::pair(number, unit);
}

}  // namespace

std::optional<std::size_t> ParseBytes(std::string_view text) {
  const auto parsed = NumberAndUnit(text);
  if (!parsed) return std::nullopt;
  const auto& [number, unit] = *parsed;
  unsigned shift = 0;
  if (unit == "kb") {
    shift = 10;
  } else if (unit == "mb") {
    shift = 20;
  } else if (unit == "gb") {
    shift = 30;
  } else if (!unit.empty() && unit != "b") {
    return std::nullopt;
  }
  if (number > (SIZE_MAX >> shift)) return std::nullopt;
  return static_cast<std::size_t>(number) << shift;
}

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const auto parsed = NumberAndUnit(text);
  if (!parsed || parsed->first > 1'000'000'000'000) return std::nullopt;
  const auto number = static_cast<std::int64_t>(parsed->first);
  if (parsed->second == "ms") return std::chrono::milliseconds(number);
  if (parsed->second == "s" || parsed->second.empty()) return std::chrono::seconds(number);
  if (parsed->second == "m") return std::chrono::minutes(number);
  if (parsed->second == "h") return std::chrono::hours(number);
  return std::nullopt;
}

std::optional<Address> ParseAddress(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) return std::nullopt;
  } else if (host.find_first_of(":[]/ ") != std::string_view::npos) {
    return std::nullopt;
  }
  Address address;
  address.host = host.empty() ? "0.0.0.0" : std::string(host);
  const char* end = text.data() + text.size();
  const auto port = std::from_chars(text.data() + colon + 1, end, address.port);
  if (port.ec != std::errc() || port.ptr != end) return std::nullopt;
  return address;
}

bool IsLoopback(const Address& address) {
  return address.host == "localhost" || address.host == "::1" || address.host.starts_with("127.");
}

std::optional<std::string> CheckAddress(std::string_view text) {
  if (ParseAddress(text)) return std::nullopt;
  return "must be host:port with a port of at most 65535, as in 127.0.0.1:8080 or [::1]:8080";
}

std::optional<std::string> CheckDatabaseUrl(std::string_view text) {
  const std::size_t scheme = text.find("://");
  const bool url = text.starts_with("postgresql://") || text.starts_with("postgres://");
  const bool pairs = scheme == std::string_view::npos && text.find('=') != std::string_view::npos;
  if (text.empty() || url || pairs) return std::nullopt;
  return "must be postgresql://user@host:port/database or host=… dbname=… user=…";
}

std::optional<std::string> CheckHttpUrl(std::string_view text) {
  static const std::regex kUrl(
      R"(https?://([^/?#\s]*@)?(\[[0-9a-fA-F:]+\]|[^/?#\s:@]+)(:\d+)?(/[^?#\s]*)?)");
  if (std::regex_match(text.begin(), text.end(), kUrl)) return std::nullopt;
  return "must be a URL as in http://search:9200";
}

std::optional<std::string> CheckRefreshInterval(std::string_view text) {
  const bool plain = !text.empty() && std::isdigit(static_cast<unsigned char>(text.back())) != 0;
  if (text == "-1" || (!plain && ParseDuration(text))) return std::nullopt;
  return "must be a time as in 500ms, 1s, 2m, or -1";
}

std::optional<std::string> CheckSha256(std::string_view text) {
  if (text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos) {
    return std::nullopt;
  }
  return "must be 64 hexadecimal digits in lower case (pgsluice keys create prints them)";
}

std::optional<std::string> CheckDate(std::string_view text) {
  static const std::regex kDate(
      R"(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:?\d{2})?)?)");
  if (std::regex_match(text.begin(), text.end(), kDate)) return std::nullopt;
  return "must be a date or time as in 2027-01-01 or 2027-01-01T12:00:00Z";
}

std::optional<std::string> CheckIndexName(std::string_view prefix, std::string_view name) {
  static constexpr std::string_view kReserved[] = {"indexes", "multi-search", "instantsearch",
                                                   "sync"};
  if (name.empty()) return "an index needs a name";
  if (std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved)) {
    return "\"" + std::string(name) + "\" is a route of the API and cannot be an index";
  }
  const std::string full = std::string(prefix) + std::string(name);
  for (const char c : full) {
    if (c >= 'A' && c <= 'Z') return "an index name must be in lower case";
    if (std::string_view("\\/*?\"<>| ,#:").find(c) != std::string_view::npos ||
        static_cast<unsigned char>(c) < 0x20) {
      return "an index name must not contain \\ / * ? \" < > | , # : or a space";
    }
  }
  if (std::string_view("-_+").find(full[0]) != std::string_view::npos) {
    return "an index name must not start with - _ +";
  }
  if (full == "." || full == "..") return "an index name must not be . or ..";
  if (full.size() > 200) return "an index name must not be longer than 200 bytes with its prefix";
  return std::nullopt;
}

}  // namespace pgsluice::config
