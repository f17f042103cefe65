#include "api/http/host_rule.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>

#include "pgsluice/config/values.h"

namespace pgsluice::api {

namespace {

bool IsPort(std::string_view text) {
  return text.empty() || (text.front() == ':' && text.size() <= 6 &&
                          std::all_of(text.begin() + 1, text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; }));
}

/// Returns whether the text has only letters, digits and `others`, as in names and addresses, so
/// that nothing needs escaping.
bool IsName(std::string_view text, std::string_view others) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [others](unsigned char c) {
    return std::isalnum(c) != 0 || others.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool IsAllowed(const HostRule& rule, const std::string& host, const std::string& local) {
  if (rule.any || host == "localhost" || host == "127.0.0.1" || host == "::1" || host == local) {
    return true;
  }
  return std::find(rule.names.begin(), rule.names.end(), host) != rule.names.end();
}

std::optional<Refusal> CheckName(const HostRule& rule, const std::string& authority,
                                 const std::string& local) {
  const auto host = HostOf(authority);
  if (!host) return Refusal{400, "invalid_parameter", "Host must be one name or address"};
  if (IsAllowed(rule, *host, local)) return std::nullopt;
  return Refusal{421, "host_not_allowed",
                 fmt::format("this server does not answer for host '{}'; if it should, add the "
                             "name to allowed_hosts in the configuration",
                             *host)};
}

}  // namespace

HostRule MakeHostRule(const config::Address& listen, const std::vector<std::string>& allowed) {
  HostRule rule;
  rule.any = allowed.empty() && !config::IsLoopback(listen);
  for (const std::string& name : allowed) {
    rule.any = rule.any || name == "*";
    rule.names.push_back(HostOf(name).value_or(""));
  }
  return rule;
}

std::optional<std::string> HostOf(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  const bool v6 = authority.starts_with('[');
  const std::size_t end = v6 ? authority.find(']') : std::min(authority.find(':'), host.size());
  if (end == std::string_view::npos) return std::nullopt;
  host = authority.substr(v6 ? 1 : 0, end - (v6 ? 1 : 0));
  port = authority.substr(end + (v6 ? 1 : 0));
  if (!IsPort(port) || !IsName(host, v6 ? ":." : "-._")) return std::nullopt;
  if (v6 && host.find(':') == std::string_view::npos) return std::nullopt;
  // "localhost." is the same name, written as an absolute one.
  if (!v6 && host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  return Lower(host);
}

std::optional<Refusal> CheckHost(const HostRule& rule, const HttpRequest& request,
                                 const std::string& local) {
  const auto header = request.headers.find("host");
  if (header == request.headers.end() && !request.http11 && request.authority.empty()) {
    return std::nullopt;  // HTTP/1.0 has no Host; browsers never send it.
  }
  if (header == request.headers.end()) {
    return Refusal{400, "invalid_parameter", "the request has no Host header"};
  }
  auto refusal = CheckName(rule, header->second, local);
  if (!refusal && !request.authority.empty()) refusal = CheckName(rule, request.authority, local);
  return refusal;
}

}  // namespace pgsluice::api
