#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgsluice::query {

/// A number compared with integers: its floor, or the end of the range that it is beyond.
struct IntegerLiteral {
  int beyond = 0;  ///< -1 below every int64, 1 above.
  std::int64_t floor = 0;
  bool exact = true;  ///< No fraction.
};
/// Returns nullopt if the text is not a number. Exact for any number of digits.
std::optional<IntegerLiteral> ReadInteger(std::string_view text);

/// A number compared with doubles.
struct DecimalLiteral {
  int beyond = 0;  ///< -1 or 1: outside the finite doubles.
  std::string text;
};
std::optional<DecimalLiteral> ReadDecimal(std::string_view text);

/// A date or time with or without an offset, cut to milliseconds, as "2024-01-31T10:00:00.000Z".
/// Without a time it means midnight UTC. Also reads Unix seconds and milliseconds, and everything
/// that ReadNow() reads. Returns nullopt for any other text.
struct DateLiteral {
  int beyond = 0;  ///< infinity, -infinity.
  std::string text;
};
std::optional<DateLiteral> ReadDate(std::string_view text);
/// Reads "now", "now-30d", "now+2h", "now/d": a time relative to the present one. Units: y M w d h
/// m s. A text without rounding stays as it is, because the engine can read it.
std::optional<DateLiteral> ReadNow(std::string_view text,
                                   std::chrono::system_clock::time_point now);

}  // namespace pgsluice::query
