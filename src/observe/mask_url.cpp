#include <regex>

#include "pgsluice/observe/log.h"

namespace pgsluice::observe {

namespace {

/// Masks the secret in `scheme://user:secret@host`. It extends to the last @, because it may
/// contain / ? # and @. So this may mask too much, but never too little.
std::string MaskAuthority(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const auto start = scheme + 3;
  const auto at = url.rfind('@');
  const auto colon = url.find(':', start);
  if (at == std::string::npos || at < start || colon == std::string::npos || colon > at) return url;
  return url.substr(0, colon + 1) + "***" + url.substr(at);
}

}  // namespace

std::string MaskUrl(std::string_view url) {
  static const std::regex kParameter(R"(((?:^|[\s?&])(?:password|sslpassword)\s*=\s*))"
                                     R"(('(?:[^'\\]|\\.)*'|(?:[^\s&'\\]|\\.)*))",
                                     std::regex::icase);
  return std::regex_replace(MaskAuthority(std::string(url)), kParameter, "$1***");
}

}  // namespace pgsluice::observe
