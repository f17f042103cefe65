#include "plan/sql/sql_fragment.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace pgsluice::plan {

namespace {

bool IsNameStart(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

bool IsNamePart(char c) {
  return IsNameStart(c) || std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '$';
}

class Reader {
 public:
  explicit Reader(std::string_view sql) : sql_(sql) {}

  Fragment Read() {
    while (at_ < sql_.size() && out_.error.empty()) Step();
    if (out_.error.empty() && !open_.empty()) out_.error = "has an open bracket";
    return std::move(out_);
  }

 private:
  void Step() {
    const char c = sql_[at_];
    if (c == '\'') {
      String();
    } else if (c == '"' || IsNameStart(c)) {
      Name();
      return;
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      // No letters: servers before 15 read 1e'\'' as 1 and e'\''.
      while (at_ < sql_.size() && std::isdigit(static_cast<unsigned char>(sql_[at_])) != 0) ++at_;
    } else if (Starts("--") || Starts("/*")) {
      out_.error = "contains a comment";
    } else if (c == ';') {
      out_.error = "contains a semicolon";
    } else if (c == '$') {
      out_.error = "contains a parameter or dollar quotes";
    } else if (c == '\0') {
      out_.error = "contains a zero byte";
    } else {
      Bracket(c);
      ++at_;
    }
    if (IsSpace(c)) return;
    previous_.clear();
    dotted_.clear();
  }

  /// Reads a string. Backslashes escape directly after the letter E. The server continues such a
  /// string after a line break; this reader refuses that.
  void String() {
    const bool escapes = escapes_from_ == at_;
    Text('\'', escapes);
    if (escapes && Starts("'", NextBehindSpace())) {
      out_.error = "has a string that continues after white space";
    }
  }

  bool Starts(std::string_view text) const { return Starts(text, at_); }
  bool Starts(std::string_view text, std::size_t at) const {
    return at <= sql_.size() && sql_.substr(at, text.size()) == text;
  }

  std::size_t NextBehindSpace() const {
    std::size_t next = at_;
    while (next < sql_.size() && IsSpace(sql_[next])) ++next;
    return next;
  }

  void Bracket(char c) {
    if (c == '(' || c == '[') {
      open_ += c;
      if (c == '(' && !previous_.empty()) out_.functions.push_back(previous_);
    } else if (c == ')' || c == ']') {
      if (open_.empty() || open_.back() != (c == ')' ? '(' : '[')) {
        out_.error = "closes a bracket that it did not open";
        return;
      }
      open_.pop_back();
    }
  }

  std::string Text(char quote, bool backslashes) {
    std::string text;
    for (++at_; at_ < sql_.size(); ++at_) {
      if (backslashes && sql_[at_] == '\\') {
        ++at_;
      } else if (sql_[at_] == quote) {
        if (at_ + 1 >= sql_.size() || sql_[at_ + 1] != quote) {
          ++at_;
          return text;
        }
        ++at_;
      }
      if (at_ < sql_.size()) text += sql_[at_];
    }
    out_.error = quote == '"' ? "has an open quoted name" : "has an open string";
    return text;
  }

  void Name() {
    std::string name;
    const bool quoted = sql_[at_] == '"';
    if (quoted) {
      name = Text('"', false);
    } else {
      for (; at_ < sql_.size() && IsNamePart(sql_[at_]); ++at_) {
        name += static_cast<char>(std::tolower(static_cast<unsigned char>(sql_[at_])));
      }
      if (name == "e") escapes_from_ = at_;
      static constexpr std::array<std::string_view, 4> kRefused = {"select", "values", "with",
                                                                   "table"};
      if (std::find(kRefused.begin(), kRefused.end(), name) != kRefused.end() && dotted_.empty()) {
        out_.error = "contains a sub-select (" + name + ")";
      }
    }
    out_.names.insert(name);
    previous_ = dotted_ + name;
    const std::size_t next = NextBehindSpace();
    dotted_.clear();
    if (next < sql_.size() && sql_[next] == '.') {
      dotted_ = previous_ + ".";
      at_ = next + 1;
    }
  }

  std::string_view sql_;
  std::size_t at_ = 0;
  std::string open_;
  std::string previous_;  ///< The name just read, if only white space followed.
  std::string dotted_;    ///< "schema." of a name that continues.
  std::size_t escapes_from_ = std::string_view::npos;  ///< The end of an unquoted name "e".
  Fragment out_;
};

}  // namespace

Fragment ReadFragment(std::string_view sql) { return Reader(sql).Read(); }

}  // namespace pgsluice::plan
