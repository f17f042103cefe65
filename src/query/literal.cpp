#include "query/literal.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

namespace pgsluice::query {

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// The parts of a decimal number: value = digits * 10^exponent.
struct Decimal {
  bool negative = false;
  std::string digits;  ///< Without leading zeros; empty: zero.
  int exponent = 0;
};

std::optional<Decimal> TakeApart(std::string_view text) {
  Decimal number;
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) number.negative = text[at++] == '-';
  bool any = false;
  bool fraction = false;
  for (; at < text.size() && (IsDigit(text[at]) || (text[at] == '.' && !fraction)); ++at) {
    if (text[at] == '.') {
      fraction = true;
      continue;
    }
    any = true;
    if (!number.digits.empty() || text[at] != '0') number.digits += text[at];
    if (fraction) --number.exponent;
  }
  if (!any) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    if (++at < text.size() && text[at] == '+') ++at;
    int exponent = 0;
    const auto [rest, error] =
        std::from_chars(text.data() + at, text.data() + text.size(), exponent);
    if (error == std::errc::invalid_argument) return std::nullopt;
    if (error == std::errc::result_out_of_range) exponent = text[at] == '-' ? -100000 : 100000;
    number.exponent += std::clamp(exponent, -100000, 100000);
    at = static_cast<std::size_t>(rest - text.data());
  }
  if (at != text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<IntegerLiteral> ReadInteger(std::string_view text) {
  const auto number = TakeApart(text);
  if (!number) return std::nullopt;
  IntegerLiteral literal;
  if (number->digits.empty()) return literal;
  const auto size = static_cast<int>(number->digits.size());
  const int whole = size + number->exponent;  // Digits before the point.
  if (whole > 19) return IntegerLiteral{number->negative ? -1 : 1, 0, false};
  std::string digits = whole > 0 ? number->digits.substr(0, static_cast<std::size_t>(whole)) : "0";
  if (whole > size) digits.append(static_cast<std::size_t>(whole - size), '0');
  if (whole < size) {
    const std::size_t from = whole > 0 ? static_cast<std::size_t>(whole) : 0;
    literal.exact = number->digits.find_first_not_of('0', from) == std::string::npos;
  }
  if (number->negative) digits.insert(digits.begin(), '-');
  const auto [rest, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), literal.floor);
  if (error != std::errc{}) return IntegerLiteral{number->negative ? -1 : 1, 0, false};
  if (number->negative && !literal.exact) {
    if (literal.floor == INT64_MIN) return IntegerLiteral{-1, 0, false};
    --literal.floor;
  }
  return literal;
}

std::optional<DecimalLiteral> ReadDecimal(std::string_view text) {
  const auto number = TakeApart(text);
  if (!number) return std::nullopt;
  const std::string plain = fmt::format("{}{}e{}", number->negative ? "-" : "",
                                        number->digits.empty() ? "0" : number->digits,
                                        number->digits.empty() ? 0 : number->exponent);
  double value = 0;
  const auto [rest, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  DecimalLiteral literal;
  if (error == std::errc::result_out_of_range) {
    const bool tiny = static_cast<int>(number->digits.size()) + number->exponent < 0;
    if (!tiny) literal.beyond = number->negative ? -1 : 1;
    value = 0;
  }
  literal.text = fmt::format("{}", value);
  return literal;
}

namespace {

/// Reads fixed-width fields of a timestamp.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : text_(text) {}

  bool Number(std::size_t width, int low, int high, int& out) {
    if (text_.size() < width) return false;
    out = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (!IsDigit(text_[i])) return false;
      out = out * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(width);
    return out >= low && out <= high;
  }
  bool Take(std::string_view any) {
    if (text_.empty() || any.find(text_.front()) == std::string_view::npos) return false;
    last_ = text_.front();
    text_.remove_prefix(1);
    return true;
  }
  int Milliseconds() {
    int value = 0;
    for (int scale = 100; !text_.empty() && IsDigit(text_.front()); scale /= 10) {
      value += scale * (text_.front() - '0');
      text_.remove_prefix(1);
    }
    return value;
  }
  char last() const { return last_; }
  bool done() const { return text_.empty(); }

 private:
  std::string_view text_;
  char last_ = 0;
};

struct Clock {
  int hour = 0, minute = 0, second = 0, millisecond = 0, offset_minutes = 0;
};

bool ReadClock(DateReader& reader, Clock& clock) {
  if (!reader.Number(2, 0, 24, clock.hour) || !reader.Take(":") ||
      !reader.Number(2, 0, 59, clock.minute)) {
    return false;
  }
  if (reader.Take(":")) {
    if (!reader.Number(2, 0, 60, clock.second)) return false;
    if (reader.Take(".")) clock.millisecond = reader.Milliseconds();
  }
  if (reader.done() || reader.Take("Zz")) return reader.done();
  if (!reader.Take("+-")) return false;
  const int sign = reader.last() == '-' ? -1 : 1;
  int hours = 0;
  int minutes = 0;
  if (!reader.Number(2, 0, 15, hours)) return false;
  if (!reader.done()) {
    reader.Take(":");
    if (!reader.Number(2, 0, 59, minutes)) return false;
  }
  clock.offset_minutes = sign * (hours * 60 + minutes);
  return reader.done();
}

}  // namespace

namespace {

namespace chrono = std::chrono;

DateLiteral DateAt(chrono::sys_time<chrono::milliseconds> time) {
  const auto midnight = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(midnight);
  const int year = static_cast<int>(date.year());
  if (year < 1 || year > 9999) return DateLiteral{year < 1 ? -1 : 1, {}};
  const auto left = (time - midnight).count();
  return DateLiteral{
      0, fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", year,
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     left / 3600000, left / 60000 % 60, left / 1000 % 60, left % 1000)};
}

/// Reads seconds since 1970, or milliseconds if there are eleven digits or more. Four digits are a
/// year.
std::optional<DateLiteral> ReadUnixTime(std::string_view text) {
  const std::string_view digits = text.substr(text.substr(0, 1) == "-" ? 1 : 0);
  if (digits.empty() || digits.size() == 4 || digits.size() > 15) return std::nullopt;
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  const bool seconds = digits.size() < 12;
  return DateAt(chrono::sys_time<chrono::milliseconds>(
      chrono::milliseconds(seconds ? number * 1000 : number)));
}

/// Returns the day this many months later or earlier, or the last day of that month if it has no
/// such day.
chrono::sys_days MonthsFrom(chrono::sys_days day, int months) {
  const chrono::year_month_day date(day);
  const auto month = chrono::year_month(date.year(), date.month()) + chrono::months(months);
  const chrono::year_month_day wanted = month / date.day();
  return wanted.ok() ? chrono::sys_days(wanted) : chrono::sys_days(month / chrono::last);
}

/// Adds `count` of a unit to `time`. Returns false if there is no such unit.
bool Add(chrono::sys_time<chrono::milliseconds>& time, int count, char unit) {
  const auto midnight = chrono::floor<chrono::days>(time);
  const auto months = [&](int number) {
    time = MonthsFrom(midnight, number) + (time - midnight);
    return true;
  };
  switch (unit) {
    case 'y':
      return months(12 * count);
    case 'M':
      return months(count);
    case 'w':
      time += chrono::days(7 * count);
      return true;
    case 'd':
      time += chrono::days(count);
      return true;
    case 'h':
    case 'H':
      time += chrono::hours(count);
      return true;
    case 'm':
      time += chrono::minutes(count);
      return true;
    case 's':
      time += chrono::seconds(count);
      return true;
    default:
      return false;
  }
}

/// Rounds down to the beginning of a unit, in UTC; weeks begin on Monday.
bool Floor(chrono::sys_time<chrono::milliseconds>& time, char unit) {
  const auto midnight = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(midnight);
  switch (unit) {
    case 'y':
      time = chrono::sys_days(date.year() / chrono::January / 1);
      return true;
    case 'M':
      time = chrono::sys_days(date.year() / date.month() / 1);
      return true;
    case 'w':
      time = midnight - (chrono::weekday(midnight) - chrono::Monday);
      return true;
    case 'd':
      time = midnight;
      return true;
    case 'h':
    case 'H':
      time = chrono::floor<chrono::hours>(time);
      return true;
    case 'm':
      time = chrono::floor<chrono::minutes>(time);
      return true;
    case 's':
      time = chrono::floor<chrono::seconds>(time);
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<DateLiteral> ReadNow(std::string_view text, chrono::system_clock::time_point now) {
  auto time = chrono::floor<chrono::milliseconds>(now);
  bool rounded = false;
  std::size_t at = 3;
  if (text.substr(0, 3) != "now") return std::nullopt;
  while (at < text.size()) {
    const char sign = text[at++];
    int count = 1;
    if (sign == '+' || sign == '-') {
      const auto [rest, error] =
          std::from_chars(text.data() + at, text.data() + text.size(), count);
      if (error == std::errc::result_out_of_range || count > 1000000 || count < 0) {
        return std::nullopt;
      }
      if (error != std::errc{}) count = 1;
      at = static_cast<std::size_t>(rest - text.data());
      if (at >= text.size() || !Add(time, sign == '-' ? -count : count, text[at++])) {
        return std::nullopt;
      }
    } else if (sign == '/') {
      rounded = true;
      if (at >= text.size() || !Floor(time, text[at++])) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  DateLiteral date = DateAt(time);
  // Unrounded times stay as text, so that the pages of a search send the same query and the
  // engine's clock applies. Rounding is done here, because the engine rounds to another end of a
  // day for <= than for <.
  if (!rounded && date.beyond == 0) date.text = text;
  return date;
}

std::optional<DateLiteral> ReadDate(std::string_view text) {
  if (text.substr(0, 3) == "now") return ReadNow(text, std::chrono::system_clock::now());
  if (auto unix_time = ReadUnixTime(text)) return unix_time;
  if (text == "infinity") return DateLiteral{1, {}};
  if (text == "-infinity") return DateLiteral{-1, {}};
  DateReader reader(text);
  int year = 0;
  int month = 0;
  int day = 0;
  if (!reader.Number(4, 1, 9999, year) || !reader.Take("-") || !reader.Number(2, 1, 12, month) ||
      !reader.Take("-") || !reader.Number(2, 1, 31, day)) {
    return std::nullopt;
  }
  const chrono::year_month_day date{chrono::year(year), chrono::month(static_cast<unsigned>(month)),
                                    chrono::day(static_cast<unsigned>(day))};
  Clock clock;
  if (!date.ok()) return std::nullopt;
  if (!reader.done() && (!reader.Take("Tt ") || !ReadClock(reader, clock))) return std::nullopt;
  const auto time = chrono::sys_days(date) + chrono::hours(clock.hour) +
                    chrono::minutes(clock.minute - clock.offset_minutes) +
                    chrono::seconds(clock.second);
  const auto midnight = chrono::floor<chrono::days>(time);
  const chrono::year_month_day utc(midnight);
  const auto seconds = (time - midnight).count();
  const int utc_year = static_cast<int>(utc.year());
  if (utc_year < 1 || utc_year > 9999) return DateLiteral{utc_year < 1 ? -1 : 1, {}};
  return DateLiteral{
      0, fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc_year,
                     static_cast<unsigned>(utc.month()), static_cast<unsigned>(utc.day()),
                     seconds / 3600, seconds / 60 % 60, seconds % 60, clock.millisecond)};
}

}  // namespace pgsluice::query
