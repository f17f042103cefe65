#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace pgsluice::query {

/// Returns "5km", "300m" or "2mi" in metres.
inline std::optional<double> ParseDistance(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  if (error != std::errc{} || !(value >= 0 && value <= 1e8)) return std::nullopt;
  if (unit == "m") return value;
  if (unit == "km") return value * 1000;
  if (unit == "mi") return value * 1609.344;
  return std::nullopt;
}

}  // namespace pgsluice::query
