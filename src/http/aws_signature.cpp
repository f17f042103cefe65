#include "http/aws_signature.h"

#include <Poco/URI.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "pgsluice/base/digest.h"

namespace pgsluice::http {

namespace {

std::string Again(std::string_view part) {
  std::string plain;
  Poco::URI::decode(std::string(part), plain);
  return Encode(plain);
}

/// Encodes every segment once. With `recode` false the path is plain text.
std::string EncodePath(std::string_view path, bool recode) {
  std::string out;
  while (true) {
    const auto slash = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, slash);
    out += recode ? Again(segment) : Encode(segment);
    if (slash == path.size()) return out;
    out += '/';
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

std::string AwsPath(std::string_view path) {
  const auto question = std::min(path.find('?'), path.size());
  std::string out = EncodePath(path.substr(0, question), true);
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string_view query = path.substr(std::min(question + 1, path.size()));
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const auto equals = std::min(pair.find('='), pair.size());
    parameters.emplace_back(Again(pair.substr(0, equals)),
                            Again(pair.substr(std::min(equals + 1, pair.size()))));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  std::sort(parameters.begin(), parameters.end());
  char before = '?';
  for (const auto& [name, value] : parameters) {
    out += before + name + '=' + value;
    before = '&';
  }
  return out;
}

Headers AwsSign(const AwsRequest& request, const AwsCredentials& credentials, const AwsScope& scope,
                const std::string& time) {
  const std::string hash = base::Sha256(request.body);
  Headers headers = {{"x-amz-content-sha256", hash}, {"x-amz-date", time}};
  if (!credentials.session_token.empty()) {
    headers.emplace_back("x-amz-security-token", credentials.session_token);
  }
  std::string canonical = fmt::format("host:{}\n", request.host);
  std::string names = "host";
  for (const auto& [name, value] : headers) {
    canonical += name + ':' + value + '\n';
    names += ';' + name;
  }
  const auto question = std::min(request.path.find('?'), request.path.size());
  // The path is encoded a second time, the query is not.
  const std::string text = fmt::format(
      "{}\n{}\n{}\n{}\n{}\n{}", request.method, EncodePath(request.path.substr(0, question), false),
      request.path.substr(std::min(question + 1, request.path.size())), canonical, names, hash);
  const std::string day = time.substr(0, 8);
  const std::string where = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  const std::string to_sign =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, where, base::Sha256(text));
  std::string key = "AWS4" + credentials.secret_key;
  for (const std::string& part : {day, scope.region, scope.service, std::string("aws4_request")}) {
    key = base::HmacSha256(key, part);
  }
  headers.emplace_back(
      "Authorization",
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                  credentials.access_key, where, names, base::Hex(base::HmacSha256(key, to_sign))));
  return headers;
}

}  // namespace pgsluice::http
