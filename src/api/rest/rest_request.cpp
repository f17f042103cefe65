#include <algorithm>
#include <cctype>

#include "api/http/message.h"
#include "pgsluice/json/utf8.h"

namespace pgsluice::api {

using query::Problem;

namespace {

int Hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Decoded(std::string_view text, bool plus) {
  const auto decoded = UrlDecode(text, plus);
  if (!decoded) throw Problem(400, "invalid_parameter", "the URL is not encoded correctly");
  if (!json::IsUtf8(*decoded)) throw Problem(400, "invalid_parameter", "the URL is not UTF-8");
  return *decoded;
}

std::vector<std::string> Segments(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(path.front() == '/' ? 1 : 0);
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) segments.push_back(Decoded(path.substr(0, end), false));
    path.remove_prefix(end);
  }
  return segments;
}

bool AcceptsJson(const std::string& accept) {
  if (accept.empty()) return true;
  for (const char* known : {"json", "*/*", "ndjson", "application/*", "text/plain"}) {
    if (accept.find(known) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

std::string Credentials(const HttpRequest& http) {
  constexpr std::string_view kBearer = "bearer ";
  const std::string header = http.Header("authorization");
  if (header.size() > kBearer.size() &&
      std::equal(kBearer.begin(), kBearer.end(), header.begin(),
                 [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); })) {
    return header.substr(kBearer.size());
  }
  return http.Header("x-api-key");
}

std::optional<std::string> UrlDecode(std::string_view text, bool plus) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus) {
      out += ' ';
    } else if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = Hex(text[i + 1]);
      const int low = Hex(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

query::Parameters ReadQuery(std::string_view query) {
  query::Parameters parameters;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (!pair.empty()) {
      parameters.emplace_back(Decoded(pair.substr(0, equals), true),
                              equals < pair.size() ? Decoded(pair.substr(equals + 1), true) : "");
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return parameters;
}

Request ReadRest(const HttpRequest& http) {
  Request request;
  request.id = http.id;
  request.peer = http.peer;
  request.socket = http.socket;
  request.method = http.method;
  request.segments = Segments(http.path);
  request.parameters = ReadQuery(http.query);
  request.body = http.body;
  request.credentials = Credentials(http);
  request.if_none_match = http.Header("if-none-match");
  if (!AcceptsJson(http.Header("accept"))) {
    throw Problem(406, "not_acceptable", "answers are JSON");
  }
  // InstantSearch clients send JSON as plain text, to avoid a preflight request.
  const bool instant = http.path == "/v1/instantsearch" || http.path.rfind("/1/", 0) == 0;
  if (instant && request.credentials.empty()) {
    request.credentials = http.Header("x-algolia-api-key");
    for (const auto& [name, value] : request.parameters) {
      if (name == "x-algolia-api-key") request.credentials = value;
    }
  }
  if (!instant && http.method == "POST" &&
      http.Header("content-type").rfind("application/json", 0) != 0) {
    throw Problem(415, "unsupported_media_type", "the body must be application/json");
  }
  return request;
}

}  // namespace pgsluice::api
