#include "pgsluice/json/validate.h"

#include <spdlog/fmt/fmt.h>

#include <string>

#include "json/plain.h"
#include "pgsluice/base/error.h"
#include "pgsluice/json/utf8.h"

namespace pgsluice::json {

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

class Validator {
 public:
  Validator(std::string_view text, int max_depth)
      : text_(text), max_depth_(static_cast<std::size_t>(max_depth)) {}

  void Document() {
    do {
      Value();
    } while (GoesOn());
    if (at_ < text_.size()) Fail("more text after the end of the value");
  }

 private:
  /// Skips a scalar or an empty list or object, or enters a list or object.
  void Value() {
    for (;;) {
      const char c = Next();
      if (c != '{' && c != '[') return Scalar(c);
      const char closing = c == '{' ? '}' : ']';
      ++at_;
      if (Take(closing)) return;
      if (open_.size() >= max_depth_) Fail(fmt::format("nested deeper than {} levels", max_depth_));
      open_ += closing;
      if (c == '{') Name();
    }
  }

  /// Called after a value. Returns whether another one follows.
  bool GoesOn() {
    while (!open_.empty() && Take(open_.back())) open_.pop_back();
    if (open_.empty())
      return Next() != '\0' || at_ < text_.size() ? Fail("the end was expected") : false;
    if (!Take(',')) Fail("a comma or a closing bracket was expected");
    if (open_.back() == '}') Name();
    return true;
  }

  void Name() {
    if (Next() != '"') Fail("a member name was expected");
    String();
    if (!Take(':')) Fail("':' was expected");
  }

  void Scalar(char c) {
    if (c == '"') return String();
    if (c == '-' || IsDigit(c)) return Number();
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      return;
    }
    Fail(at_ < text_.size() ? "a value was expected" : "the text ends too early");
  }

  void String() {
    for (++at_;;) {
      at_ += PlainRun(text_, at_);
      const char c = At();
      if (c == '"') break;
      if (at_ >= text_.size()) Fail("a string is not closed");
      if (c == '\\') {
        Escape();
      } else if (static_cast<unsigned char>(c) < 0x20) {
        Fail("a control character inside a string");
      } else {
        const std::size_t length = Utf8Length(text_.substr(at_));
        if (length == 0) Fail("a string is not valid UTF-8");
        at_ += length;
      }
    }
    ++at_;
  }

  void Escape() {
    ++at_;
    if (At() == 'u') {
      for (int i = 0; i < 4; ++i) {
        ++at_;
        if (!IsHex(At())) Fail("four hexadecimal digits were expected");
      }
    } else if (at_ >= text_.size() || std::string_view("\"\\/bfnrt").find(At()) == text_.npos) {
      Fail("an unknown escape");
    }
    ++at_;
  }

  void Number() {
    if (At() == '-') ++at_;
    if (At() == '0') {
      ++at_;
    } else {
      Digits();
    }
    if (At() == '.') {
      ++at_;
      Digits();
    }
    if (At() == 'e' || At() == 'E') {
      ++at_;
      if (At() == '+' || At() == '-') ++at_;
      Digits();
    }
  }

  void Digits() {
    if (!IsDigit(At())) Fail("a digit was expected");
    while (IsDigit(At())) ++at_;
  }

  char At() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char Next() {
    while (at_ < text_.size() && std::string_view(" \n\r\t").find(text_[at_]) != text_.npos) ++at_;
    return At();
  }
  bool Take(char expected) {
    if (Next() != expected) return false;
    ++at_;
    return true;
  }
  bool Fail(std::string_view reason) const {
    throw Error(Disposition::kReject,
                fmt::format("invalid JSON at byte {} of {}: {}", at_, text_.size(), reason));
  }

  std::string_view text_;
  const std::size_t max_depth_;
  std::size_t at_ = 0;
  std::string open_;  ///< The closing brackets that are still expected.
};

}  // namespace

void Validate(std::string_view text, int max_depth) { Validator(text, max_depth).Document(); }

}  // namespace pgsluice::json
