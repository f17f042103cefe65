#include "api/exchange.h"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/UUIDGenerator.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/observe/log.h"

namespace pgsluice::api {

using query::Problem;

namespace {

bool IsSafeId(const std::string& id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

bool IsLong(const Poco::Net::HTTPServerRequest& in) {
  return in.hasContentLength() && in.getContentLength64() > static_cast<Poco::Int64>(kMaxBody);
}

int Hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

[[noreturn]] void BadRequest(const std::string& detail) {
  throw Problem(400, "invalid_parameter", detail);
}

std::string Decoded(std::string_view text, bool plus) {
  const auto decoded = UrlDecode(text, plus);
  if (!decoded) BadRequest("the URL is not encoded well");
  return *decoded;
}

void SplitUrl(std::string_view url, Request& request) {
  const std::size_t mark = std::min(url.find('?'), url.size());
  request.path = url.substr(0, mark);
  std::string_view path = url.substr(0, mark);
  while (!path.empty()) {
    path.remove_prefix(path.front() == '/' ? 1 : 0);
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) request.segments.push_back(Decoded(path.substr(0, end), false));
    path.remove_prefix(end);
  }
  std::string_view rest = mark < url.size() ? url.substr(mark + 1) : std::string_view();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (!pair.empty()) {
      request.parameters.emplace_back(
          Decoded(pair.substr(0, equals), true),
          equals < pair.size() ? Decoded(pair.substr(equals + 1), true) : "");
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

std::string Credentials(const Poco::Net::HTTPServerRequest& in) {
  constexpr std::string_view kBearer = "bearer ";
  const std::string header = in.get("Authorization", "");
  if (header.size() > kBearer.size() &&
      std::equal(kBearer.begin(), kBearer.end(), header.begin(),
                 [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); })) {
    return header.substr(kBearer.size());
  }
  return in.get("X-Api-Key", "");
}

void CheckNegotiation(const Poco::Net::HTTPServerRequest& in, const Request& request) {
  const std::string& accept = request.accept;
  if (!accept.empty() && accept.find("json") == std::string::npos &&
      accept.find("*/*") == std::string::npos &&
      accept.find("application/*") == std::string::npos &&
      accept.find("text/plain") == std::string::npos) {
    throw Problem(406, "not_acceptable", "answers are JSON");
  }
  if (in.getMethod() == "POST" && request.content_type.rfind("application/json", 0) != 0) {
    throw Problem(415, "unsupported_media_type", "the body must be application/json");
  }
}

}  // namespace

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

Poco::Net::HTTPRequestHandler* ExchangeFactory::createRequestHandler(
    const Poco::Net::HTTPServerRequest& request) {
  // Poco sends "100 Continue" before the handler runs, unless another status is set by now.
  if (IsLong(request)) {
    request.response().setStatus(Poco::Net::HTTPResponse::HTTP_REQUEST_ENTITY_TOO_LARGE);
  }
  return new Exchange(handler_);
}

void Exchange::Fill(Poco::Net::HTTPServerRequest& in, Request& request) {
  if (in.getURI().size() > kMaxUrl) throw Problem(414, "uri_too_long", "the URL is over 8 KiB");
  std::size_t bytes = 0;
  for (const auto& [name, value] : in) bytes += name.size() + value.size() + 4;
  if (bytes > kMaxHeaders) throw Problem(431, "headers_too_large", "the headers are over 16 KiB");
  ReadBody(in, request);
  SplitUrl(in.getURI(), request);
  request.content_type = in.getContentType();
  request.accept = in.get("Accept", "");
  request.credentials = Credentials(in);
  CheckNegotiation(in, request);
}

void Exchange::ReadBody(Poco::Net::HTTPServerRequest& in, Request& request) {
  const bool chunked = in.getChunkedTransferEncoding();
  const bool length = in.hasContentLength();
  if (length && in.has("Transfer-Encoding")) BadRequest("Content-Length and Transfer-Encoding");
  if (!length && !chunked) {
    if (request.method == "POST" || request.method == "PUT") {
      throw Problem(411, "length_required", "a body needs Content-Length");
    }
    body_read_ = true;
    return;
  }
  if (IsLong(in)) throw Problem(413, "body_too_large", "the body is over 256 KiB");
  char buffer[8192];
  std::istream& stream = in.stream();
  while (stream.read(buffer, sizeof buffer) || stream.gcount() > 0) {
    request.body.append(buffer, static_cast<std::size_t>(stream.gcount()));
    if (request.body.size() > kMaxBody) throw Problem(413, "body_too_large", "over 256 KiB");
  }
  if (length && static_cast<Poco::Int64>(request.body.size()) != in.getContentLength64()) {
    BadRequest("the body ended early");
  }
  // A malformed chunk looks like an end: never read another request behind one.
  body_read_ = !chunked;
}

void Exchange::handleRequest(Poco::Net::HTTPServerRequest& in, Poco::Net::HTTPServerResponse& out) {
  Request request;
  request.method = in.getMethod();
  request.id = in.get("X-Request-Id", "");
  if (!IsSafeId(request.id))
    request.id = Poco::UUIDGenerator::defaultGenerator().createRandom().toString();
  Response response;
  try {
    Fill(in, request);
    if (request.method == "OPTIONS") {
      response.status = 204;
      response.headers.emplace_back("Allow", "GET, HEAD, POST, OPTIONS");
    } else {
      response = handler_(request);
    }
  } catch (const Problem& problem) {
    response = ProblemResponse(problem, request.id);
  } catch (const Poco::Exception& error) {
    response = ProblemResponse(Problem(400, "invalid_parameter", "the request could not be read"),
                               request.id);
  } catch (const std::exception& error) {
    observe::Log(observe::Level::kError, "api", error.what(), {{"request_id", request.id}});
    response = ProblemResponse(Problem(500, "internal_error", "the request could not be answered"),
                               request.id);
  }
  if (response.status == 405) response.headers.emplace_back("Allow", "GET, HEAD, POST, OPTIONS");
  if (!body_read_) out.setKeepAlive(false);
  out.setStatus(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(response.status));
  out.setReason(Poco::Net::HTTPResponse::getReasonForStatus(out.getStatus()));
  for (const auto& [name, value] : response.headers) out.set(name, value);
  out.set("X-Request-Id", request.id);
  out.set("X-Content-Type-Options", "nosniff");
  if (response.status != 204) {
    out.setContentType(response.content_type);
    out.setContentLength64(static_cast<Poco::Int64>(response.body.size()));
  }
  if (request.method == "HEAD" || response.status == 204) {
    out.send();
  } else {
    out.sendBuffer(response.body.data(), response.body.size());
  }
}

}  // namespace pgsluice::api
