#include "http/address.h"

#include <Poco/Base64Encoder.h>
#include <Poco/Exception.h>
#include <Poco/URI.h>
#include <spdlog/fmt/fmt.h>

#include <sstream>

#include "pgsluice/base/error.h"

namespace pgsluice::http {

namespace {

std::string Base64(const std::string& text) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out);
  encoder.rdbuf()->setLineLength(0);
  encoder << text;
  encoder.close();
  return out.str();
}

// The part before an '@' may contain a password, so it never appears in a message.
std::string WithoutUserInfo(std::string_view url) {
  const auto at = url.rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  const auto scheme = url.find("://");
  const std::string_view start = scheme == std::string_view::npos ? "" : url.substr(0, scheme + 3);
  return fmt::format("{}***{}", start, url.substr(at));
}

Error BadUrl(std::string_view url) {
  return Error(Disposition::kFatal,
               fmt::format("\"{}\" is not the URL of a search engine", WithoutUserInfo(url)),
               "write it as http://host:9200 or https://host:9200");
}

}  // namespace

Address ParseAddress(std::string_view url) {
  try {
    const Poco::URI uri{std::string(url)};
    const bool known = uri.getScheme() == "http" || uri.getScheme() == "https";
    if (!known || uri.getHost().empty() || uri.getPort() == 0) throw BadUrl(url);
    Address address;
    address.tls = uri.getScheme() == "https";
    address.host = uri.getHost();
    address.port = uri.getPort();
    address.prefix = uri.getPath();
    while (!address.prefix.empty() && address.prefix.back() == '/') address.prefix.pop_back();
    Poco::URI::decode(uri.getUserInfo(), address.user_info);
    const bool ipv6 = address.host.find(':') != std::string::npos;
    address.text = fmt::format("{}://{}{}{}:{}", uri.getScheme(), ipv6 ? "[" : "", address.host,
                               ipv6 ? "]" : "", address.port);
    return address;
  } catch (const Poco::Exception&) {
    throw BadUrl(url);
  }
}

std::string HostHeader(const Address& address) {
  const bool usual = address.port == (address.tls ? 443 : 80);
  const std::string_view place = std::string_view(address.text).substr(address.text.find("//") + 2);
  return std::string(usual ? place.substr(0, place.rfind(':')) : place);
}

std::string Authorization(const ClientOptions& options, const Address& address) {
  if (!options.api_key.empty()) return "ApiKey " + options.api_key;
  if (!options.bearer.empty()) return "Bearer " + options.bearer;
  if (!options.username.empty()) {
    return "Basic " + Base64(options.username + ":" + options.password);
  }
  if (!address.user_info.empty()) return "Basic " + Base64(address.user_info);
  return {};
}

}  // namespace pgsluice::http
