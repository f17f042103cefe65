#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>

/// Small functions for readers of text formats.
namespace pgsluice::base {

/// Returns the text without spaces and tabs at both ends.
inline std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// Returns the number if the whole text consists of digits; otherwise nullopt.
inline std::optional<std::size_t> Number(std::string_view digits, int base) {
  std::size_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto [behind, trouble] = std::from_chars(digits.data(), end, number, base);
  if (trouble != std::errc() || behind != end) return std::nullopt;
  return number;
}

}  // namespace pgsluice::base
