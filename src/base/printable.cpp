#include "pgsluice/base/printable.h"

namespace pgsluice::base {

namespace {

/// Returns the length of the character at the start of `text`; 0 if it must not be shown.
std::size_t Shown(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned lead = at(0);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7F ? 1 : 0;
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || (lead == 0xC2 && at(1) < 0xA0)) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0U) != 0x80U) return 0;
  }
  return size;
}

}  // namespace

std::string Printable(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    const std::size_t shown = Shown(text);
    if (shown > 0) {
      out += text.substr(0, shown);
      text.remove_prefix(shown);
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[0]);
    out += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 15U]};
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace pgsluice::base
