#include "api/request_reader.h"

#include <Poco/Exception.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <random>

#include "pgsluice/base/text.h"

namespace pgsluice::api {

namespace {

constexpr std::size_t kChunkLine = 256;

const Refusal kNoHttp{400, "invalid_parameter", "this is no HTTP request"};
const Refusal kBadBody{400, "invalid_parameter", "the body could not be read"};

/// The connection ended.
struct End {};

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// What methods and names of headers are made of.
bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) !=
                             std::string_view::npos);
  });
}

/// Text without characters that could end a line or a header elsewhere. `spaces`: also those.
bool IsVisible(std::string_view text, bool spaces) {
  return std::all_of(text.begin(), text.end(), [spaces](unsigned char c) {
    return (c > ' ' && c != 0x7F) || (spaces && (c == ' ' || c == '\t'));
  });
}

/// The length of "http://" or "https://", in either case, at the beginning of the text; else 0.
std::size_t SchemeLength(std::string_view text) {
  const std::string start = Lower(text.substr(0, 8));
  return start.starts_with("http://") ? 7 : start.starts_with("https://") ? 8 : 0;
}

/// Takes a target apart: "/path?query", or "http://host:port/path?query" as proxies get it.
void ReadTarget(std::string_view url, HttpRequest& out) {
  if (const std::size_t scheme = SchemeLength(url)) {
    const std::size_t end = std::min(url.find_first_of("/?", scheme), url.size());
    out.authority = url.substr(scheme, end - scheme);
    if (out.authority.empty()) throw kNoHttp;
    url.remove_prefix(end);
    if (!url.starts_with('/')) out.path = "/";
  }
  const std::size_t question = std::min(url.find('?'), url.size());
  out.path += url.substr(0, question);
  out.query = url.substr(std::min(question + 1, url.size()));
}

/// What is echoed: never more than these characters.
bool IsSaneId(const std::string& id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  });
}

Refusal TooLarge(const HttpLimits& limits) {
  return {413, "body_too_large", fmt::format("the body is larger than {} bytes", limits.body)};
}

Refusal UrlTooLong(const HttpLimits& limits) {
  return {414, "uri_too_long", fmt::format("the URL is longer than {} bytes", limits.url)};
}

Refusal HeadersTooLarge(const HttpLimits& limits) {
  return {431, "headers_too_large",
          fmt::format("the headers are longer than {} bytes", limits.headers)};
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

bool RequestReader::Read(HttpRequest& out) {
  bool begun = false, body = false;
  out.id = NewRequestId();
  try {
    if (!buffered()) Receive();
    begun = true;
    ReadHead(out);
    body = true;
    ReadBody(out);
  } catch (const Refusal& refusal) {
    out.refusal = refusal;
  } catch (const Poco::TimeoutException&) {
    out.refusal = {408, "request_timeout",
                   body ? "the body came too slowly" : "the request came too slowly"};
  } catch (const End&) {
    if (!begun) return false;
    out.refusal = body ? kBadBody : kNoHttp;
  }
  return true;
}

void RequestReader::ReadHead(HttpRequest& out) {
  std::string_view line;
  do {  // Empty lines before a request are allowed.
    line = Line(limits_.url + limits_.headers, UrlTooLong(limits_));
  } while (line.empty());
  ReadStart(line, out);
  std::size_t bytes = 0;
  while (!(line = Line(limits_.headers, HeadersTooLarge(limits_))).empty()) {
    bytes += line.size() + 2;
    if (bytes > limits_.headers) throw HeadersTooLarge(limits_);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) throw kNoHttp;
    const std::string_view value = base::Trimmed(line.substr(colon + 1));
    if (!IsVisible(value, true)) throw kNoHttp;
    const auto [header, first] = out.headers.emplace(Lower(line.substr(0, colon)), value);
    if (!first) header->second.append(", ").append(value);
  }
  const std::string sent = out.Header("x-request-id");
  if (IsSaneId(sent)) out.id = sent;
  const std::string wish = Lower(out.Header("connection"));
  out.keep_alive = out.http11 ? wish.find("close") == std::string::npos
                              : wish.find("keep-alive") != std::string::npos;
}

void RequestReader::ReadStart(std::string_view line, HttpRequest& out) const {
  const std::size_t method = std::min(line.find(' '), line.size());
  const std::size_t target = std::min(line.find(' ', method + 1), line.size());
  const std::string_view version = line.substr(target);
  if (version != " HTTP/1.1" && version != " HTTP/1.0") throw kNoHttp;
  const std::string_view url = line.substr(method + 1, target - method - 1);
  if (!IsToken(line.substr(0, method)) || url.empty() || !IsVisible(url, false)) throw kNoHttp;
  out.http11 = version == " HTTP/1.1";
  out.method = line.substr(0, method);
  if (url.size() > limits_.url) throw UrlTooLong(limits_);
  ReadTarget(url, out);
}

void RequestReader::ReadBody(HttpRequest& out) {
  const auto length = out.headers.find("content-length");
  const auto coding = out.headers.find("transfer-encoding");
  const bool sized = length != out.headers.end();
  const bool chunked = coding != out.headers.end();
  if (sized && chunked) {
    throw Refusal{400, "invalid_parameter", "a request has either a length or chunks"};
  }
  if (chunked && (Lower(coding->second) != "chunked" || !out.http11)) throw kNoHttp;
  const std::optional<std::size_t> size = sized ? base::Number(length->second, 10) : 0;
  if (!size) throw kNoHttp;
  if (*size > limits_.body) throw TooLarge(limits_);
  const bool expects_body = out.method == "POST" || out.method == "PUT" || out.method == "PATCH";
  if (!sized && !chunked && expects_body) {
    throw Refusal{411, "length_required", "a request with a body needs Content-Length"};
  }
  if ((sized || chunked) && Lower(out.Header("expect")) == "100-continue") {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    socket_.sendBytes(kContinue.data(), static_cast<int>(kContinue.size()));
  }
  if (chunked) {
    out.keep_alive = false;  // What stands behind chunks is nobody's request.
    ReadChunks(out.body);
  } else {
    out.body = Bytes(*size);
  }
}

void RequestReader::ReadChunks(std::string& body) {
  while (true) {
    const std::string_view line = Line(kChunkLine, kBadBody);
    const auto size = base::Number(base::Trimmed(line.substr(0, line.find(';'))), 16);
    if (!size) throw kBadBody;
    if (*size > limits_.body - body.size()) throw TooLarge(limits_);
    if (*size == 0) break;
    body += Bytes(*size);
    if (Bytes(2) != "\r\n") throw kBadBody;
  }
  std::size_t trailers = 0;
  while (const std::size_t bytes = Line(limits_.headers, kBadBody).size()) {
    if ((trailers += bytes) > limits_.headers) throw kBadBody;
  }
}

std::string_view RequestReader::Line(std::size_t most, const Refusal& beyond) {
  std::size_t end = buffer_.find('\n', at_);
  while (end == std::string::npos) {
    const std::size_t looked = buffer_.size() - at_;
    if (looked > most) throw beyond;
    Receive();
    end = buffer_.find('\n', at_ + looked);
  }
  const std::string_view line = std::string_view(buffer_).substr(at_, end - at_);
  at_ = end + 1;
  if (line.size() > most + 1) throw beyond;
  if (line.empty() || line.back() != '\r') throw kNoHttp;
  return line.substr(0, line.size() - 1);
}

std::string_view RequestReader::Bytes(std::size_t count) {
  while (buffer_.size() - at_ < count) Receive();
  at_ += count;
  return std::string_view(buffer_).substr(at_ - count, count);
}

void RequestReader::Receive() {
  buffer_.erase(0, at_);
  at_ = 0;
  const int read = socket_.receiveBytes(piece_.data(), static_cast<int>(piece_.size()));
  if (read <= 0) throw End();
  buffer_.append(piece_.data(), static_cast<std::size_t>(read));
}

}  // namespace pgsluice::api
