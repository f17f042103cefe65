#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "http/session.h"
#include "pgsluice/http/transport.h"

namespace pgsluice::http {

/// The answer is incomplete.
struct BadAnswer : std::runtime_error {
  explicit BadAnswer(const std::string& what, std::string hint_text = {})
      : runtime_error(what), hint(std::move(hint_text)) {}
  std::string hint;
};

/// The response is larger than allowed.
struct TooLargeAnswer {};

/// Reads the responses on one connection, one after another (RFC 9112, section 6). Poco's
/// HTTPClientSession::receiveResponse() (1.11 to 1.13) cannot be used: it ends the head at a header
/// line of 4092·k bytes, accepts a head that was cut off, ends the body at a broken chunk, refuses
/// headers of 8 KB and decodes words in headers. Throws BadAnswer, TooLargeAnswer and what the
/// session throws. The connection cannot be used after that.
class AnswerReader {
 public:
  explicit AnswerReader(Session& session) : session_(session) {}

  /// Waits for the first byte of a response. Returns false if the connection ended instead.
  bool Begin() { return session_.Await(); }
  /// Reads the whole response; without a body if it belongs to a HEAD request.
  Response Read(bool head);

  /// Returns whether another response may follow the last one.
  bool keep_alive() const { return keep_alive_; }
  /// Returns how long the other side keeps an idle connection, if it said so.
  std::optional<std::chrono::seconds> keep_alive_for() const { return keep_alive_for_; }

  static constexpr std::size_t kMaxBody = 256U * 1024U * 1024U;

 private:
  void ReadHead(Response& out);
  void ReadStatus(std::string_view line, Response& out);
  void ReadField(std::string_view line, Response& out);
  void ReadBody(std::string& body);
  void ReadChunks(std::string& body);
  void ReadToEnd(std::string& body);
  /// Appends the next `count` bytes.
  void ReadBytes(std::size_t count, std::string& body);
  /// Returns the next line without its end; valid until the next call.
  std::string_view Line();

  Session& session_;
  std::string line_;
  std::optional<std::size_t> length_;
  bool chunked_ = false, keep_alive_ = false;
  std::optional<std::chrono::seconds> keep_alive_for_;
};

}  // namespace pgsluice::http
