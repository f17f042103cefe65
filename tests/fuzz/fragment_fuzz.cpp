#include <array>
#include <optional>

#include "fuzz/fuzz.h"
#include "plan/sql/sql_fragment.h"

/// Compares ReadFragment() with a second reader, which splits text into tokens as the server's
/// lexer does (scan.l): a fragment that it accepts cannot escape from its place in a statement.
namespace pgsluice::fuzz {
namespace {

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

class Lexer {
 public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}

  /// Returns what is wrong with it; nullopt if it is one balanced piece without sub-selects.
  std::optional<std::string_view> Wrong() {
    std::string_view wrong;
    while (at_ < sql_.size() && wrong.empty()) wrong = Token();
    if (wrong.empty() && depth_ != 0) wrong = "open bracket";
    return wrong.empty() ? std::nullopt : std::optional(wrong);
  }

 private:
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
  }

  std::string_view Token() {
    const char c = Peek();
    const bool after_dot = after_dot_;
    if (!IsSpace(c)) after_dot_ = false;
    if (IsLetter(c)) return Word(after_dot);
    if (c == '\'') return Quoted('\'', false);
    if (c == '"') return Quoted('"', false);
    if (IsDigit(c)) {
      Number();
      return {};
    }
    if (c == '-' && Peek(1) == '-') return "comment";
    if (c == '/' && Peek(1) == '*') return "comment";
    if (c == ';') return "semicolon";
    if (c == '$') return "dollar";
    if (c == '\0') return "zero byte";
    if (c == '(' || c == '[') ++depth_;
    if ((c == ')' || c == ']') && --depth_ < 0) return "closes too much";
    after_dot_ = c == '.' || (after_dot && IsSpace(c));
    ++at_;
    return {};
  }

  std::string_view Word(bool after_dot) {
    if ((Peek() == 'e' || Peek() == 'E') && Peek(1) == '\'') {
      ++at_;
      return Quoted('\'', true);
    }
    std::string word;
    while (IsLetter(Peek()) || IsDigit(Peek()) || Peek() == '$') {
      const char c = sql_[at_++];
      word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    for (const char* refused : {"select", "values", "table", "with"}) {
      if (word == refused && !after_dot) return "sub-select";
    }
    return {};
  }

  /// Like servers before 15, which read 1e'x' as two tokens.
  void Number() {
    while (IsDigit(Peek())) ++at_;
    if (Peek() == '.' && IsDigit(Peek(1))) ++at_;
    while (IsDigit(Peek())) ++at_;
    const std::size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 2 : 1;
    if ((Peek() != 'e' && Peek() != 'E') || !IsDigit(Peek(sign))) return;
    at_ += sign;
    while (IsDigit(Peek())) ++at_;
  }

  std::string_view Quoted(char quote, bool backslashes) {
    for (++at_; at_ < sql_.size(); ++at_) {
      if (backslashes && sql_[at_] == '\\') {
        ++at_;
      } else if (sql_[at_] == quote && Peek(1) == quote) {
        ++at_;
      } else if (sql_[at_] == quote) {
        ++at_;
        if (quote == '"' || !GoesOn()) return {};
      }
    }
    return "open quote";
  }

  /// After a line break, a string continues in the next quotes. Advances to them.
  bool GoesOn() {
    std::size_t next = at_;
    bool line = false;
    for (; next < sql_.size() && IsSpace(sql_[next]); ++next) {
      line = line || sql_[next] == '\n' || sql_[next] == '\r';
    }
    if (!line || next >= sql_.size() || sql_[next] != '\'') return false;
    at_ = next;
    return true;
  }

  std::string_view sql_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool after_dot_ = false;
};

}  // namespace
}  // namespace pgsluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  const std::string_view sql = fuzz::Text(data, size);
  if (!plan::ReadFragment(sql).error.empty()) return 0;
  const auto wrong = fuzz::Lexer(sql).Wrong();
  fuzz::Require(!wrong, wrong.value_or(""), sql);
  return 0;
}
