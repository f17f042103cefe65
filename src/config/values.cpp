#include "pgsluice/config/values.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <regex>

#include "pgsluice/base/lower.h"
#include "pgsluice/config/network.h"

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

namespace {

/// Returns whether the password ends at another @ than libpq and other URL parsers assume. They
/// would read a part of the password as the host, and show it in their messages.
bool HasRawUserInfo(std::string_view authority_and_path) {
  const std::size_t slash = std::min(authority_and_path.find('/'), authority_and_path.size());
  const std::string_view authority = authority_and_path.substr(0, slash);
  const std::size_t at = authority.find('@');
  if (at != std::string_view::npos && authority.find('@', at + 1) != std::string_view::npos) {
    const std::size_t query = authority.find('?', at);
    return authority.find('@', at + 1) < query;
  }
  const std::string_view path = authority_and_path.substr(slash);
  const std::size_t host = path.find('@');
  if (host == std::string_view::npos) return false;
  if (host < path.find('?')) return true;
  if (at != std::string_view::npos) return false;
  // An @ after a ? may belong to a parameter (user=me@realm). It does not if an address follows, or
  // if the apparent port is not a number.
  const std::size_t colon = authority.rfind(':');
  const bool is_port =
      colon == std::string_view::npos || authority.back() == ']' ||
      authority.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
  return !is_port || path.find_first_of("/:", host) != std::string_view::npos;
}

}  // namespace

std::optional<std::string> CheckDatabaseUrl(std::string_view text) {
  const std::size_t scheme = text.find("://");
  const bool url = text.starts_with("postgresql://") || text.starts_with("postgres://");
  const bool pairs = scheme == std::string_view::npos && text.find('=') != std::string_view::npos;
  if (url && HasRawUserInfo(text.substr(scheme + 3))) {
    return "has a / or @ in the user's name or password: write / as %2F and @ as %40";
  }
  if (text.empty() || url || pairs) return std::nullopt;
  return "must be postgresql://user@host:port/database or host=… dbname=… user=…";
}

std::optional<std::string> CheckHttpUrl(std::string_view text) {
  static const std::regex kUrl(
      R"(https?://([^/?#\s]*@)?(\[[0-9a-fA-F:]+\]|[^/?#\s:@]+)(:\d+)?(/[^?#\s]*)?)");
  if (std::regex_match(text.begin(), text.end(), kUrl)) return std::nullopt;
  return "must be a URL as in http://search:9200";
}

std::optional<std::string> CheckNetwork(std::string_view text) {
  if (ParseNetwork(text)) return std::nullopt;
  return "must be an address or a network as in 10.0.0.0/8";
}

std::optional<std::string> CheckRefreshInterval(std::string_view text) {
  const bool plain = !text.empty() && std::isdigit(static_cast<unsigned char>(text.back())) != 0;
  if (text == "-1" || (!plain && ParseDuration(text))) return std::nullopt;
  return "must be a time as in 500ms, 1s, 2m, or -1";
}

std::optional<std::string> CheckInterval(std::string_view text) {
  constexpr std::chrono::milliseconds kShortest{1000};
  constexpr std::chrono::hours kLongest{24 * 366};
  const auto interval = ParseDuration(text);
  if (interval && *interval >= kShortest && *interval <= kLongest) return std::nullopt;
  return "must be a time from 1s to a year, as in 30s, 10m, 24h";
}

std::optional<std::string> CheckSha256(std::string_view text) {
  if (text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos) {
    return std::nullopt;
  }
  return "must be 64 hexadecimal digits in lower case (pgsluice keys create prints them)";
}

std::optional<std::int64_t> ParseTime(std::string_view text) {
  static const std::regex kTime(
      R"((\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?)?)");
  std::match_results<std::string_view::const_iterator> parts;
  if (!std::regex_match(text.begin(), text.end(), parts, kTime)) return std::nullopt;
  const auto number = [&parts](std::size_t i) {
    return parts[i].matched ? std::stoi(parts[i].str()) : 0;
  };
  const std::chrono::year_month_day date{std::chrono::year(number(1)),
                                         std::chrono::month(static_cast<unsigned>(number(2))),
                                         std::chrono::day(static_cast<unsigned>(number(3)))};
  if (!date.ok() || number(4) > 23 || number(5) > 59 || number(6) > 60) return std::nullopt;
  std::int64_t offset = 0;
  const std::string zone = parts[7].str();
  if (zone.size() >= 5) {
    const int hours = std::stoi(zone.substr(1, 2));
    const int minutes = std::stoi(zone.substr(zone.size() - 2));
    if (hours > 23 || minutes > 59) return std::nullopt;
    offset = (zone[0] == '-' ? -60 : 60) * std::int64_t{hours * 60 + minutes};
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86400 + number(4) * 3600 + number(5) * 60 + number(6) - offset;
}

std::optional<std::string> CheckDate(std::string_view text) {
  if (ParseTime(text)) return std::nullopt;
  return "must be a date or time as in 2027-01-01 (midnight UTC) or 2027-01-01T12:00:00+02:00";
}

std::optional<std::string> CheckIndexName(std::string_view prefix, std::string_view name) {
  static constexpr std::string_view kReserved[] = {"indexes", "multi-search", "instantsearch",
                                                   "sync"};
  if (name.empty()) return "an index needs a name";
  if (std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved)) {
    return "\"" + std::string(name) + "\" is a route of the API and cannot be an index";
  }
  const std::string full = std::string(prefix) + std::string(name);
  if (base::Lower(full) != full) return "an index name must be in lower case";
  for (const char c : full) {
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

bool IsPhysicalName(std::string_view name, std::string_view index) {
  if (!name.starts_with(index)) return false;
  name.remove_prefix(index.size());
  if (name.ends_with("-next")) name.remove_suffix(5);
  return name.size() == 7 && name[0] == '-' &&
         name.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

}  // namespace pgsluice::config
