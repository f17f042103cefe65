#include "api/request_reader.h"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPServerResponse.h>
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

void ReadHead(Poco::Net::HTTPServerRequest& request, HttpRequest& out, std::size_t& header_bytes) {
  const std::string& uri = request.getURI();
  const std::size_t question = uri.find('?');
  out.method = request.getMethod();
  out.path = uri.substr(0, question);
  out.query = question == std::string::npos ? "" : uri.substr(question + 1);
  out.peer = request.clientAddress().host().toString();
  for (const auto& [name, value] : request) {
    header_bytes += name.size() + value.size() + 4;
    out.headers.emplace(Lower(name), value);
  }
  const std::string sent = out.Header("x-request-id");
  out.id = IsSaneId(sent) ? sent : NewRequestId();
}

Refusal TooLarge(const HttpLimits& limits) {
  return {413, "body_too_large", fmt::format("the body is larger than {} bytes", limits.body)};
}

std::optional<Refusal> ReadBody(Poco::Net::HTTPServerRequest& request, const HttpLimits& limits,
                                std::string& body) {
  if (request.getExpectContinue()) request.response().sendContinue();
  std::istream& stream = request.stream();
  std::array<char, 16384> buffer{};
  try {
    // The stream swallows what the socket throws, a request that is too slow as well.
    stream.exceptions(std::ios::badbit);
    while (stream.read(buffer.data(), buffer.size()), stream.gcount() > 0) {
      body.append(buffer.data(), static_cast<std::size_t>(stream.gcount()));
      if (body.size() > limits.body) return TooLarge(limits);
    }
  } catch (const Poco::TimeoutException&) {
    return Refusal{408, "request_timeout", "the body came too slowly"};
  } catch (const std::exception&) {
    return Refusal{400, "invalid_parameter", "the body could not be read"};
  }
  return std::nullopt;
}

}  // namespace

std::string HttpRequest::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

std::string NewRequestId() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  return fmt::format("{:016x}", random());
}

std::optional<Refusal> ReadRequest(Poco::Net::HTTPServerRequest& request, const HttpLimits& limits,
                                   HttpRequest& out) {
  std::size_t header_bytes = 0;
  ReadHead(request, out, header_bytes);
  if (request.getURI().size() > limits.url) {
    return Refusal{414, "uri_too_long", fmt::format("the URL is longer than {} bytes", limits.url)};
  }
  if (header_bytes > limits.headers) {
    return Refusal{431, "headers_too_large",
                   fmt::format("the headers are longer than {} bytes", limits.headers)};
  }
  const bool length = request.hasContentLength();
  if (length && out.headers.contains("transfer-encoding")) {
    return Refusal{400, "invalid_parameter", "a request has either a length or chunks"};
  }
  if (length && request.getContentLength64() > static_cast<Poco::Int64>(limits.body)) {
    return TooLarge(limits);
  }
  if (!length && !request.getChunkedTransferEncoding()) {
    const bool expects_body = out.method == "POST" || out.method == "PUT" || out.method == "PATCH";
    if (!expects_body) return std::nullopt;
    return Refusal{411, "length_required", "a request with a body needs Content-Length"};
  }
  if (std::optional<Refusal> refusal = ReadBody(request, limits, out.body)) return refusal;
  if (length && out.body.size() != static_cast<std::size_t>(request.getContentLength64())) {
    return Refusal{400, "invalid_parameter", "the body is shorter than its Content-Length"};
  }
  return std::nullopt;
}

}  // namespace pgsluice::api
