#include "http/answer_reader.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>

#include "pgsluice/base/text.h"

namespace pgsluice::http {

namespace {

constexpr std::size_t kMaxHead = 64U * 1024U;

[[noreturn]] void NoHttp() {
  throw BadAnswer("answered with something that is not HTTP",
                  "check scheme and port: is it https, or another service?");
}

[[noreturn]] void Broken() { throw BadAnswer("closed the connection in the middle of an answer"); }

std::size_t Number(std::string_view digits, int radix) {
  const std::optional<std::size_t> number = base::Number(digits, radix);
  if (!number) NoHttp();
  return *number;
}

bool Same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

/// Returns whether a comma-separated list contains a word, as in "keep-alive, Upgrade".
bool Has(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (Same(base::Trimmed(list.substr(0, comma)), word)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

/// Returns 5 for "timeout=5, max=100".
std::optional<std::chrono::seconds> Timeout(std::string_view keep_alive) {
  constexpr std::string_view kName = "timeout=";
  const std::size_t at = keep_alive.find(kName);
  int seconds = 0;
  if (at == std::string_view::npos) return std::nullopt;
  std::from_chars(keep_alive.data() + at + kName.size(), keep_alive.data() + keep_alive.size(),
                  seconds);
  return seconds > 0 ? std::optional(std::chrono::seconds(seconds)) : std::nullopt;
}

}  // namespace

Response AnswerReader::Read(bool head) {
  Response answer;
  do {
    answer = {};
    ReadHead(answer);
  } while (answer.status >= 100 && answer.status < 200);  // 1xx only announce the response.
  if (!head && answer.status != 204 && answer.status != 304) ReadBody(answer.body);
  if (session_.HasMore()) keep_alive_ = false;  // More bytes than announced: out of step.
  return answer;
}

void AnswerReader::ReadBody(std::string& body) {
  if (chunked_) return ReadChunks(body);
  if (!length_) return ReadToEnd(body);
  if (*length_ > kMaxBody) throw TooLargeAnswer();
  ReadBytes(*length_, body);
}

void AnswerReader::ReadHead(Response& out) {
  length_.reset();
  keep_alive_for_.reset();
  chunked_ = false;
  if (session_.NextIsNot('H')) NoHttp();
  std::string_view line = Line();
  ReadStatus(line, out);
  for (std::size_t bytes = line.size(); !(line = Line()).empty();) {
    if ((bytes += line.size()) > kMaxHead) NoHttp();
    ReadField(line, out);
  }
}

void AnswerReader::ReadStatus(std::string_view line, Response& out) {
  constexpr std::string_view kVersion = "HTTP/1.x ";
  const std::string_view version = line.substr(0, kVersion.size());
  if (version != "HTTP/1.1 " && version != "HTTP/1.0 ") NoHttp();
  const std::string_view status = line.substr(kVersion.size(), 3);
  if (status.size() != 3) NoHttp();
  out.status = static_cast<int>(Number(status, 10));
  keep_alive_ = version == "HTTP/1.1 ";
}

void AnswerReader::ReadField(std::string_view line, Response& out) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) NoHttp();
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = base::Trimmed(line.substr(colon + 1));
  if (Same(name, "Content-Length")) {
    if (length_ && *length_ != Number(value, 10)) NoHttp();
    length_ = Number(value, 10);
  }
  if (Same(name, "Transfer-Encoding")) chunked_ = Has(value, "chunked");
  if (Same(name, "Keep-Alive")) keep_alive_for_ = Timeout(value);
  if (Same(name, "Connection")) {
    keep_alive_ = !Has(value, "close") && (keep_alive_ || Has(value, "keep-alive"));
  }
  out.headers.emplace_back(name, value);
}

void AnswerReader::ReadChunks(std::string& body) {
  while (true) {
    const std::string_view line = Line();
    const std::size_t size = Number(base::Trimmed(line.substr(0, line.find(';'))), 16);
    if (size > kMaxBody - body.size()) throw TooLargeAnswer();
    if (size == 0) break;
    ReadBytes(size, body);
    if (!Line().empty()) NoHttp();
  }
  while (!Line().empty()) {  // Trailers.
  }
}

void AnswerReader::ReadToEnd(std::string& body) {
  keep_alive_ = false;
  std::array<char, 16384> buffer;
  while (const std::size_t read = session_.Read(buffer.data(), buffer.size())) {
    if (read > kMaxBody - body.size()) throw TooLargeAnswer();
    body.append(buffer.data(), read);
  }
}

void AnswerReader::ReadBytes(std::size_t count, std::string& body) {
  const std::size_t old = body.size();
  const std::size_t size = old + count;
  std::exception_ptr trouble;  // Must not leave the function below.
  // Does not clear the bytes that will be read into. The size passed to the function may be larger
  // than the requested one (libstdc++ 12).
  body.resize_and_overwrite(size, [&](char* text, std::size_t) {
    std::size_t have = old;
    try {
      while (have < size) {
        const std::size_t read = session_.Read(text + have, size - have);
        if (read == 0) Broken();
        have += read;
      }
    } catch (...) {
      trouble = std::current_exception();
    }
    return have;
  });
  if (trouble) std::rethrow_exception(trouble);
}

std::string_view AnswerReader::Line() {
  line_.clear();
  for (char c = 0; c != '\n'; line_ += c) {
    if (!session_.Get(c)) Broken();
    if (line_.size() > kMaxHead) NoHttp();
  }
  line_.pop_back();
  if (line_.ends_with('\r')) line_.pop_back();
  return line_;
}

}  // namespace pgsluice::http
