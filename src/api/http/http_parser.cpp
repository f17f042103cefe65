#include "api/http/http_parser.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <random>
#include <utility>

#include "pgsluice/base/text.h"

namespace pgsluice::api {

namespace {

constexpr std::size_t kChunkLine = 256;
constexpr std::size_t kLongestMethod = 32;  // Poco accepts no longer one.

const Refusal kNoHttp{400, "invalid_parameter", "this is not an HTTP request"};
const Refusal kBadBody{400, "invalid_parameter", "the body could not be read"};

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// Returns whether the text can be a method or the name of a header.
bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) !=
                             std::string_view::npos);
  });
}

/// Returns whether the text has no character that could end a line or a header elsewhere. 0xFF
/// means the end of a stream to readers that keep bytes in a char, including Poco. `spaces`: spaces
/// and tabs are allowed.
bool IsVisible(std::string_view text, bool spaces) {
  return std::all_of(text.begin(), text.end(), [spaces](unsigned char c) {
    return (c > ' ' && c != 0x7F && c != 0xFF) || (spaces && (c == ' ' || c == '\t'));
  });
}

/// Returns the length of "http://" or "https://" at the beginning of the text, in any case;
/// otherwise 0.
std::size_t SchemeLength(std::string_view text) {
  const std::string start = Lower(text.substr(0, 8));
  return start.starts_with("http://") ? 7 : start.starts_with("https://") ? 8 : 0;
}

/// Splits a target: "/path?query", or "http://host:port/path?query", which proxies receive.
void ReadTarget(std::string_view url, HttpRequest& out) {
  if (const std::size_t scheme = SchemeLength(url)) {
    const std::size_t end = std::min(url.find_first_of("/?", scheme), url.size());
    out.authority = url.substr(scheme, end - scheme);
    if (out.authority.empty()) throw kNoHttp;
    url.remove_prefix(end);
    if (!url.starts_with('/')) out.path = "/";
  } else if (!url.starts_with('/') && url != "*") {
    throw kNoHttp;
  }
  const std::size_t question = std::min(url.find('?'), url.size());
  out.path += url.substr(0, question);
  out.query = url.substr(std::min(question + 1, url.size()));
}

/// Returns whether an id may be echoed: it has only these characters.
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

void HttpParser::Add(std::string_view bytes) {
  if (at_ == buffer_.size()) {
    buffer_.clear();
    at_ = 0;
  } else if (at_ > 65536) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  buffer_.append(bytes);
  Continue();
}

void HttpParser::End() {
  if (whole() || empty()) return;
  const bool head = phase_ == Phase::kStart || phase_ == Phase::kFields;
  Refuse(head ? kNoHttp : kBadBody);
}

void HttpParser::Expire() {
  const bool head = phase_ == Phase::kStart || phase_ == Phase::kFields;
  Refuse(
      {408, "request_timeout", head ? "the request came too slowly" : "the body came too slowly"});
}

void HttpParser::Refuse(const Refusal& refusal) {
  if (request_.id.empty()) request_.id = NewRequestId();
  request_.refusal = refusal;
  phase_ = Phase::kWhole;
}

bool HttpParser::TakeExpectation() { return std::exchange(expects_continue_, false); }

HttpRequest HttpParser::Take() {
  HttpRequest taken = std::exchange(request_, {});
  phase_ = Phase::kStart;
  field_bytes_ = 0;
  expects_continue_ = false;
  if (at_ < buffer_.size()) Continue();
  return taken;
}

void HttpParser::Shrink() {
  if (at_ < buffer_.size()) return;
  buffer_ = std::string();
  at_ = 0;
}

void HttpParser::Continue() {
  try {
    while (!whole() && Step()) {
    }
  } catch (const Refusal& refusal) {
    Refuse(refusal);
  }
}

bool HttpParser::Step() {
  switch (phase_) {
    case Phase::kStart:
      return Start();
    case Phase::kFields:
      return Field();
    case Phase::kBody:
      return Body();
    case Phase::kChunkSize:
      return ChunkSize();
    case Phase::kChunk:
      return Chunk();
    case Phase::kTrailers:
      return Trailer();
    case Phase::kWhole:
      return false;
  }
  return false;
}

bool HttpParser::Start() {
  const auto line = Line(limits_.url + limits_.headers, UrlTooLong(limits_));
  if (!line) return false;
  if (line->empty()) return true;  // Empty lines before a request are allowed.
  request_.id = NewRequestId();
  ReadStart(*line);
  phase_ = Phase::kFields;
  return true;
}

void HttpParser::ReadStart(std::string_view line) {
  const std::size_t method = std::min(line.find(' '), line.size());
  const std::size_t target = std::min(line.find(' ', method + 1), line.size());
  const std::string_view version = line.substr(target);
  if (version != " HTTP/1.1" && version != " HTTP/1.0") throw kNoHttp;
  const std::string_view url = line.substr(method + 1, target - method - 1);
  if (!IsToken(line.substr(0, method)) || method > kLongestMethod) throw kNoHttp;
  if (url.empty() || !IsVisible(url, false)) throw kNoHttp;
  request_.http11 = version == " HTTP/1.1";
  request_.method = line.substr(0, method);
  if (url.size() > limits_.url) throw UrlTooLong(limits_);
  ReadTarget(url, request_);
}

bool HttpParser::Field() {
  const auto line = Line(limits_.headers, HeadersTooLarge(limits_));
  if (!line) return false;
  if (line->empty()) {
    EndHead();
    return true;
  }
  field_bytes_ += line->size() + 2;
  if (field_bytes_ > limits_.headers) throw HeadersTooLarge(limits_);
  const std::size_t colon = line->find(':');
  if (colon == std::string_view::npos || !IsToken(line->substr(0, colon))) throw kNoHttp;
  const std::string_view value = base::Trimmed(line->substr(colon + 1));
  if (!IsVisible(value, true)) throw kNoHttp;
  const auto [header, first] = request_.headers.emplace(Lower(line->substr(0, colon)), value);
  if (!first) header->second.append(", ").append(value);
  return true;
}

void HttpParser::EndHead() {
  const std::string sent = request_.Header("x-request-id");
  if (IsSaneId(sent)) request_.id = sent;
  const std::string wish = Lower(request_.Header("connection"));
  request_.keep_alive = request_.http11 ? wish.find("close") == std::string::npos
                                        : wish.find("keep-alive") != std::string::npos;
  const auto length = request_.headers.find("content-length");
  const auto coding = request_.headers.find("transfer-encoding");
  const bool sized = length != request_.headers.end();
  const bool chunked = coding != request_.headers.end();
  if (sized && chunked) {
    throw Refusal{400, "invalid_parameter", "a request has either a length or chunks"};
  }
  if (chunked && (Lower(coding->second) != "chunked" || !request_.http11)) throw kNoHttp;
  const std::optional<std::size_t> size = sized ? base::Number(length->second, 10) : 0;
  if (!size) throw kNoHttp;
  if (*size > limits_.body) throw TooLarge(limits_);
  const std::string& method = request_.method;
  if (!sized && !chunked && (method == "POST" || method == "PUT" || method == "PATCH")) {
    throw Refusal{411, "length_required", "a request with a body needs Content-Length"};
  }
  expects_continue_ = (sized || chunked) && Lower(request_.Header("expect")) == "100-continue";
  if (chunked) request_.keep_alive = false;  // Bytes after the chunks are not a request.
  size_ = *size;
  phase_ = chunked ? Phase::kChunkSize : Phase::kBody;
}

bool HttpParser::Body() {
  if (buffer_.size() - at_ < size_) return false;
  request_.body.assign(buffer_, at_, size_);
  at_ += size_;
  phase_ = Phase::kWhole;
  return true;
}

bool HttpParser::ChunkSize() {
  const auto line = Line(kChunkLine, kBadBody);
  if (!line) return false;
  if (!IsVisible(*line, true)) throw kBadBody;
  const std::size_t digits =
      std::min(line->find_first_not_of("0123456789abcdefABCDEF"), line->size());
  const std::string_view extension = base::Trimmed(line->substr(digits));
  if (!extension.empty() && extension.front() != ';') throw kBadBody;
  const auto size = base::Number(line->substr(0, digits), 16);
  if (!size) throw kBadBody;
  if (*size > limits_.body - request_.body.size()) throw TooLarge(limits_);
  size_ = *size;
  phase_ = size_ == 0 ? Phase::kTrailers : Phase::kChunk;
  field_bytes_ = 0;
  return true;
}

bool HttpParser::Chunk() {
  if (buffer_.size() - at_ < size_ + 2) return false;
  request_.body.append(buffer_, at_, size_);
  at_ += size_ + 2;
  if (std::string_view(buffer_).substr(at_ - 2, 2) != "\r\n") throw kBadBody;
  phase_ = Phase::kChunkSize;
  return true;
}

bool HttpParser::Trailer() {
  const auto line = Line(limits_.headers, kBadBody);
  if (!line) return false;
  if ((field_bytes_ += line->size()) > limits_.headers || !IsVisible(*line, true)) throw kBadBody;
  if (line->empty()) phase_ = Phase::kWhole;
  return true;
}

std::optional<std::string_view> HttpParser::Line(std::size_t most, const Refusal& beyond) {
  const std::size_t end = buffer_.find('\n', at_ + searched_);
  if (end == std::string::npos) {
    searched_ = buffer_.size() - at_;
    if (searched_ > most) throw beyond;
    return std::nullopt;
  }
  const std::string_view line = std::string_view(buffer_).substr(at_, end - at_);
  at_ = end + 1;
  searched_ = 0;
  if (line.size() > most + 1) throw beyond;
  if (line.empty() || line.back() != '\r') throw kNoHttp;
  return line.substr(0, line.size() - 1);
}

}  // namespace pgsluice::api
