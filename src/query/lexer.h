#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "pgsluice/query/filter.h"

namespace pgsluice::query {

struct Token {
  enum class Kind { kWord, kString, kSymbol, kClaim, kEnd };
  Kind kind = Kind::kEnd;
  std::string text;  ///< Decoded string, word, symbol, or the claim's name.
  std::size_t offset = 0;
};

/// Splits an expression into tokens. Throws Problem invalid_filter.
class Lexer {
 public:
  Lexer(std::string_view text, const FilterOptions& options) : text_(text), options_(options) {}

  Token Next();
  [[noreturn]] void Fail(std::size_t offset, const std::string& detail) const;

 private:
  Token String(char quote);
  Token Claim();

  std::string_view text_;
  const FilterOptions& options_;
  std::size_t at_ = 0;
};

}  // namespace pgsluice::query
