#include "query/lexer.h"

#include <spdlog/fmt/fmt.h>

#include "pgsluice/query/problem.h"

namespace pgsluice::query {

namespace {

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_.:+-").find(c) != std::string_view::npos;
}

}  // namespace

void Lexer::Fail(std::size_t offset, const std::string& detail) const {
  Reject("invalid_filter", options_.parameter, offset, detail);
}

Token Lexer::Next() {
  while (at_ < text_.size() &&
         std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
    ++at_;
  }
  Token token;
  token.offset = at_;
  if (at_ == text_.size()) return token;
  const char c = text_[at_];
  if (c == '"' || c == '\'') return String(c);
  if (c == '$' && options_.claims) return Claim();
  if (IsWordByte(c)) {
    const std::size_t start = at_;
    const auto in_word = [&] {
      // "now/d" is a time; elsewhere a slash must be quoted.
      return IsWordByte(text_[at_]) || (text_[at_] == '/' && text_.compare(start, 3, "now") == 0);
    };
    while (at_ < text_.size() && in_word()) ++at_;
    token.kind = Token::Kind::kWord;
    token.text = text_.substr(start, at_ - start);
    return token;
  }
  token.kind = Token::Kind::kSymbol;
  const std::string_view two = text_.substr(at_, 2);
  const bool pair = two == "!=" || two == "<=" || two == ">=" || two == "<>";
  if (!pair && std::string_view("()[],=<>").find(c) == std::string_view::npos) {
    Fail(at_,
         "a field, a value or an operator was expected; values with other characters than "
         "A-Z a-z 0-9 _ . : + - must be quoted");
  }
  token.text = text_.substr(at_, pair ? 2 : 1);
  at_ += token.text.size();
  if (token.text == "<>") token.text = "!=";
  return token;
}

Token Lexer::String(char quote) {
  Token token;
  token.kind = Token::Kind::kString;
  token.offset = at_++;
  while (at_ < text_.size() && text_[at_] != quote) {
    if (text_[at_] == '\\') {
      ++at_;
      if (at_ == text_.size() || (text_[at_] != quote && text_[at_] != '\\')) {
        Fail(at_ - 1, "a backslash may only precede a quote or a backslash");
      }
    }
    token.text += text_[at_++];
  }
  if (at_ == text_.size()) Fail(token.offset, "a string is not closed");
  ++at_;
  return token;
}

Token Lexer::Claim() {
  constexpr std::string_view kStart = "${claims.";
  Token token;
  token.kind = Token::Kind::kClaim;
  token.offset = at_;
  const std::size_t end = text_.find('}', at_);
  if (text_.substr(at_, kStart.size()) != kStart || end == std::string_view::npos) {
    Fail(at_, "a claim is written ${claims.name}");
  }
  token.text = text_.substr(at_ + kStart.size(), end - at_ - kStart.size());
  at_ = end + 1;
  return token;
}

}  // namespace pgsluice::query
