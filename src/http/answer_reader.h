#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "http/wire.h"
#include "pgsluice/http/transport.h"

namespace pgsluice::http {

/// The answer is incomplete.
struct BadAnswer : std::runtime_error {
  explicit BadAnswer(const std::string& what, std::string hint_text = {})
      : runtime_error(what), hint(std::move(hint_text)) {}
  std::string hint;
};

/// Larger than allowed.
struct TooLargeAnswer {};

/// The answers that come on one connection, one after another (RFC 9112, section 6). Not by Poco,
/// whose streams read character by character and in pieces of 4 KiB. Throws BadAnswer,
/// TooLargeAnswer and what the wire throws; then the connection is of no more use.
class AnswerReader {
 public:
  explicit AnswerReader(Wire& wire) : wire_(wire) {}

  /// Waits for the first byte of an answer. False when the connection ended instead.
  bool Begin();
  /// Reads it whole; without a body when it answers HEAD.
  Response Read(bool head);

  /// Of the last answer: whether another may follow.
  bool keep_alive() const { return keep_alive_; }
  /// How long the other side keeps an idle connection, when it said so.
  std::optional<std::chrono::seconds> keep_alive_for() const { return keep_alive_for_; }

  static constexpr std::size_t kMaxBody = 256U * 1024U * 1024U;

 private:
  void ReadHead(Response& out);
  void ReadStatus(std::string_view line, Response& out);
  void ReadField(std::string_view line, Response& out);
  void ReadBody(std::string& body);
  void ReadChunks(std::string& body);
  void ReadToEnd(std::string& body);
  /// Adds the next bytes, as many.
  void ReadBytes(std::size_t count, std::string& body);
  /// The next line without its end; valid until the next one.
  std::string_view Line();
  bool Receive();

  Wire& wire_;
  std::array<char, 16384> buffer_{};
  std::size_t begin_ = 0, end_ = 0;  // What is there and not read.
  std::string line_;                 // When it did not come in one piece.
  std::optional<std::size_t> length_;
  bool chunked_ = false, keep_alive_ = false;
  std::optional<std::chrono::seconds> keep_alive_for_;
};

}  // namespace pgsluice::http
