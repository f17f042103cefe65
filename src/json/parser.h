#pragma once

#include <string>
#include <string_view>

#include "pgsluice/json/value.h"

namespace pgsluice::json {

/// Recursive descent over RFC 8259, bounded by ParseOptions::max_depth. Written by hand because
/// libraries drop what pgsluice needs: numbers of any length as text (RapidJSON 1.1 refuses 1e400,
/// Poco turns 2^64 into 0) and the byte range of every value.
class JsonParser {
 public:
  JsonParser(std::string_view input, const ParseOptions& options)
      : input_(input), options_(options) {}

  /// Parses the whole input as one value. Throws Error(kReject).
  Value Document();

 private:
  void ParseValue(Value& out, int depth);
  void ParseObject(Value& out, int depth);
  void ParseArray(Value& out, int depth);
  void ParseString(std::string& out);
  void ParseEscape(std::string& out);
  void ParseNumber(Value& out);
  void ParseWord(std::string_view word);
  unsigned ParseHex4();
  void CopyUtf8(std::string& out);

  /// Skips white space and, if allowed, comments. Returns the next byte, or 0 at the end.
  char Peek();
  bool Take(char expected);
  void SkipComment();
  bool SkipDigits();
  /// Called after an element. Returns true if another one follows, false after the closing bracket.
  bool More(char closing);
  [[noreturn]] void Fail(std::string_view reason, std::size_t offset) const;
  [[noreturn]] void Fail(std::string_view reason) const { Fail(reason, at_); }

  std::string_view input_;
  ParseOptions options_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
};

}  // namespace pgsluice::json
