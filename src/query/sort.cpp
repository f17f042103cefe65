#include "pgsluice/query/sort.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

#include "pgsluice/base/text.h"
#include "pgsluice/query/problem.h"

namespace pgsluice::query {

namespace {

using Sort = SearchRequest::Sort;

constexpr std::string_view kDistance = "distance(";

class SortParser {
 public:
  SortParser(const std::string& item, const std::string& parameter,
             std::optional<std::size_t> offset)
      : item_(item), parameter_(parameter), offset_(offset) {}

  Sort Parse() const {
    Sort sort;
    std::string_view orders = item_;
    const std::string_view trimmed = base::Trimmed(item_);
    if (trimmed.starts_with(kDistance)) {
      const std::size_t end = trimmed.rfind(')');
      if (end == std::string_view::npos) Invalid("')' was expected after the place");
      sort.by = Sort::By::kDistance;
      Place(trimmed.substr(kDistance.size(), end - kDistance.size()), sort);
      orders = trimmed.substr(end + 1);
      if (!orders.empty() && orders.front() != ':') Invalid("':' was expected after ')'");
    } else {
      if (trimmed == "_score" || trimmed.starts_with("_score:")) orders = trimmed;
      sort.path = NextPart(orders);
      if (sort.path.empty()) Invalid("a field was expected");
      if (sort.path == "_score") sort.by = Sort::By::kScore;
    }
    sort.descending = sort.by == Sort::By::kScore;
    Orders(orders, sort);
    return sort;
  }

 private:
  /// Returns the next part between colons, and skips empty ones.
  static std::string NextPart(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(':'), rest.size()));
    const std::size_t end = std::min(rest.find(':'), rest.size());
    std::string part(rest.substr(0, end));
    rest.remove_prefix(end);
    return part;
  }

  void Orders(std::string_view rest, Sort& sort) const {
    bool first = true;
    for (std::string word = NextPart(rest); !word.empty(); word = NextPart(rest)) {
      if (first && (word == "asc" || word == "desc")) {
        sort.descending = word == "desc";
      } else if ((word == "nulls_first" || word == "nulls_last") && NextPart(rest).empty()) {
        if (sort.by == Sort::By::kScore) Invalid("every document has a score, so there is no null");
        sort.nulls_first = word == "nulls_first";
        return;
      } else {
        Reject("invalid_parameter", parameter_, offset_, fmt::format("'{}' is not an order", word),
               {"asc", "desc", "nulls_first", "nulls_last"});
      }
      first = false;
    }
  }

  /// Reads "location, 48.1, 11.5".
  void Place(std::string_view text, Sort& sort) const {
    const std::size_t last = text.rfind(',');
    const std::size_t middle = last == 0 || last == std::string_view::npos
                                   ? std::string_view::npos
                                   : text.rfind(',', last - 1);
    if (middle == std::string_view::npos) {
      Invalid("distance(field, latitude, longitude) was expected");
    }
    sort.path = std::string(base::Trimmed(text.substr(0, middle)));
    if (sort.path.empty()) Invalid("a field was expected after 'distance('");
    sort.lat = Degrees(text.substr(middle + 1, last - middle - 1), 90);
    sort.lon = Degrees(text.substr(last + 1), 180);
  }

  double Degrees(std::string_view text, double limit) const {
    const std::string_view number = base::Trimmed(text);
    double value = 0;
    const char* end = number.data() + number.size();
    const auto [rest, error] = std::from_chars(number.data(), end, value);
    if (error != std::errc{} || rest != end || !(value >= -limit && value <= limit)) {
      Invalid(fmt::format("a number from -{} to {} was expected, not '{}'", limit, limit, number));
    }
    return value;
  }

  [[noreturn]] void Invalid(const std::string& detail) const {
    Reject("invalid_parameter", parameter_, offset_, fmt::format("{}: {}", parameter_, detail));
  }

  const std::string& item_;
  const std::string& parameter_;
  std::optional<std::size_t> offset_;
};

}  // namespace

std::vector<std::string> SplitSort(const std::string& list) {
  std::vector<std::string> items;
  std::size_t from = 0;
  while (from <= list.size()) {
    const std::string_view rest = std::string_view(list).substr(from);
    const std::size_t word = std::min(rest.find_first_not_of(' '), rest.size());
    std::size_t end = 0;
    if (rest.substr(word).starts_with(kDistance)) end = std::min(rest.find(')'), rest.size());
    end = std::min(rest.find(',', end), rest.size());
    if (end > 0) items.emplace_back(rest.substr(0, end));
    from += end + 1;
  }
  return items;
}

Sort ParseSort(const std::string& item, const std::string& parameter,
               std::optional<std::size_t> offset) {
  return SortParser(item, parameter, offset).Parse();
}

}  // namespace pgsluice::query
