#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace pgsluice::query {

/// Walks over JSON text that is known to be well-formed (from the engine or PostgreSQL). Builds
/// nothing and returns values as ranges of the text. Never reads beyond the end.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : text_(text) {}

  /// Enters an object or array. Returns false if the value is something else.
  bool Enter(char open) {
    Space();
    if (at_ >= text_.size() || text_[at_] != open) return false;
    ++at_;
    return true;
  }
  /// Reads the next member's name as written, without quotes. Returns false after the last one.
  bool NextMember(std::string_view& name) {
    if (!NextItem()) return false;
    name = String();
    Space();
    if (at_ < text_.size()) ++at_;  // The colon.
    return true;
  }
  /// Advances to the next item. Returns false after the last one.
  bool NextItem() {
    Space();
    if (at_ < text_.size() && text_[at_] == ',') {
      ++at_;
      Space();
    }
    if (at_ >= text_.size()) return false;
    if (text_[at_] == '}' || text_[at_] == ']') {
      ++at_;
      return false;
    }
    return true;
  }
  /// Skips one value and returns its text.
  std::string_view Skip() {
    Space();
    const std::size_t start = at_;
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        String();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        if (depth == 0) break;
        --depth;
        ++at_;
      } else if (depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t')) {
        break;
      } else {
        ++at_;
        continue;
      }
      if (depth == 0) break;
    }
    return text_.substr(start, at_ - start);
  }
  char Peek() {
    Space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }

 private:
  void Space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  /// Skips a string. Uses memchr to find its end, because most of an answer is inside strings.
  std::string_view String() {
    const std::size_t start = ++at_;
    std::size_t quote = text_.find('"', start);
    while (quote != std::string_view::npos && IsEscaped(start, quote)) {
      quote = text_.find('"', quote + 1);
    }
    const std::size_t end = std::min(quote, text_.size());
    at_ = std::min(end + 1, text_.size());
    return text_.substr(start, end - start);
  }
  /// Returns whether an odd number of backslashes precedes `at`.
  bool IsEscaped(std::size_t start, std::size_t at) const {
    std::size_t first = at;
    while (first > start && text_[first - 1] == '\\') --first;
    return (at - first) % 2 == 1;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace pgsluice::query
