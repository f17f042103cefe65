#include "api/request_reader.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <random>

namespace pgsluice::api {

namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Poco decodes header values by RFC 2047, so an echoed one could split the response: only these
/// characters pass.
bool IsSaneId(const std::string& id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  });
}

std::string NewId() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  return fmt::format("{:016x}", random());
}

/// The bytes of the body, or nothing when it is larger than allowed or the time is over.
std::optional<std::string> ReadBody(std::istream& stream, std::size_t limit,
                                    std::chrono::steady_clock::time_point deadline) {
  std::string body;
  std::array<char, 16384> buffer{};
  while (stream.read(buffer.data(), buffer.size()), stream.gcount() > 0) {
    body.append(buffer.data(), static_cast<std::size_t>(stream.gcount()));
    if (body.size() > limit || std::chrono::steady_clock::now() > deadline) return std::nullopt;
  }
  return body;
}

}  // namespace

std::optional<Refusal> ReadRequest(Poco::Net::HTTPServerRequest& request, const HttpLimits& limits,
                                   HttpRequest& out) {
  const auto deadline = std::chrono::steady_clock::now() + limits.deadline;
  const std::string& uri = request.getURI();
  const std::size_t question = uri.find('?');
  out.method = request.getMethod();
  out.path = uri.substr(0, question);
  out.query = question == std::string::npos ? "" : uri.substr(question + 1);
  out.peer = request.clientAddress().host().toString();
  std::size_t header_bytes = 0;
  for (const auto& [name, value] : request) {
    header_bytes += name.size() + value.size() + 4;
    out.headers.emplace(Lower(name), value);
  }
  const auto sent_id = out.headers.find("x-request-id");
  out.id = sent_id != out.headers.end() && IsSaneId(sent_id->second) ? sent_id->second : NewId();

  if (uri.size() > limits.url) {
    return Refusal{414, "uri_too_long", fmt::format("the URL is longer than {} bytes", limits.url)};
  }
  if (header_bytes > limits.headers) {
    return Refusal{431, "headers_too_large",
                   fmt::format("the headers are longer than {} bytes", limits.headers)};
  }
  const bool length = request.hasContentLength();
  const bool chunked = request.getChunkedTransferEncoding();
  if (length && out.headers.contains("transfer-encoding")) {
    return Refusal{400, "invalid_request", "a request has either a length or chunks"};
  }
  if (length && request.getContentLength64() > static_cast<Poco::Int64>(limits.body)) {
    return Refusal{413, "body_too_large",
                   fmt::format("the body is larger than {} bytes", limits.body)};
  }
  if (!length && !chunked) {
    const bool expects_body = out.method == "POST" || out.method == "PUT" || out.method == "PATCH";
    if (!expects_body) return std::nullopt;
    return Refusal{411, "length_required", "a request with a body needs Content-Length"};
  }
  std::optional<std::string> body = ReadBody(request.stream(), limits.body, deadline);
  if (!body) {
    return Refusal{
        413, "body_too_large",
        fmt::format("the body is larger than {} bytes, or came too slowly", limits.body)};
  }
  if (length && body->size() != static_cast<std::size_t>(request.getContentLength64())) {
    return Refusal{400, "invalid_request", "the body is shorter than its Content-Length"};
  }
  out.body = std::move(*body);
  return std::nullopt;
}

}  // namespace pgsluice::api
