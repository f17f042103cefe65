#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pgsluice::json {

/// Returns how many bytes from `at` on are plain inside a JSON string: none of them is a quote, a
/// backslash, a control character or part of a character beyond ASCII. Rounded down to a multiple
/// of eight, because eight are tested at once
/// (https://graphics.stanford.edu/~seander/bithacks.html, "Determine if a word has a zero byte").
inline std::size_t PlainRun(std::string_view text, std::size_t at) {
  constexpr auto each = [](std::uint64_t byte) { return 0x0101010101010101ULL * byte; };
  constexpr auto below = [each](std::uint64_t word, std::uint64_t limit) {
    return (word - each(limit)) & ~word & each(128);
  };
  const std::size_t begin = at;
  for (; text.size() - at >= 8; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    const std::uint64_t odd = (word & each(128)) | below(word ^ each('"'), 1) |
                              below(word ^ each('\\'), 1) | below(word, 0x20);
    if (odd != 0) break;
  }
  return at - begin;
}

}  // namespace pgsluice::json
