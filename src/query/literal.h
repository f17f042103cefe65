#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgsluice::query {

/// A number compared with integers: its floor, or which end of the range it lies beyond.
struct IntegerLiteral {
  int beyond = 0;  ///< -1 below every int64, 1 above.
  std::int64_t floor = 0;
  bool exact = true;  ///< No fraction.
};
/// Nothing when the text is no number. Exact for any number of digits.
std::optional<IntegerLiteral> ReadInteger(std::string_view text);

/// A number compared with doubles.
struct DecimalLiteral {
  int beyond = 0;  ///< -1 or 1: outside the finite doubles.
  std::string text;
};
std::optional<DecimalLiteral> ReadDecimal(std::string_view text);

/// A date or time with or without an offset, cut to milliseconds, as "2024-01-31T10:00:00.000Z".
/// Without a time: midnight UTC. Nothing when it is none.
struct DateLiteral {
  int beyond = 0;  ///< infinity, -infinity.
  std::string text;
};
std::optional<DateLiteral> ReadDate(std::string_view text);

}  // namespace pgsluice::query
