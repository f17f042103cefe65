#include "pgsluice/query/facet_request.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "pgsluice/query/problem.h"

namespace pgsluice::query {

const std::vector<std::string> kFacetOptions = {"size",   "sort",     "missing",
                                                "ranges", "interval", "timezone"};

namespace {

using json::Value;

constexpr std::size_t kMostFacets = 10, kMostRanges = 100, kLongestZone = 50;
const std::vector<std::string> kUnits = {"year", "quarter", "month", "week",
                                         "day",  "hour",    "minute"};

std::string TextOf(const Value& value) {
  if (value.IsBool()) return value.boolean ? "true" : "false";
  return value.IsString() || value.IsNumber() ? value.text : "";
}

/// Returns whether it looks like "Europe/Berlin", "UTC" or "+02:00". The engine decides whether the
/// zone exists.
bool LooksLikeZone(const std::string& text) {
  if (text.empty() || text.size() > kLongestZone) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/_+-:").find(c) != std::string_view::npos;
  });
}

/// The options of one facet.
class OptionReader {
 public:
  OptionReader(Facet& facet, bool body) : facet_(facet), body_(body) { facet.in_query = !body; }

  void Read(const Value& options) {
    for (const auto& [name, value] : options.members) {
      if (name != "field") Set(name, value);
    }
    if (!facet_.ranges.empty() && !facet_.interval.empty()) {
      Fail("ranges", options, "'ranges' and 'interval' cannot be used together");
    }
    if (!facet_.timezone.empty() && !IsCalendarUnit(facet_.interval)) {
      Fail("timezone", options, "'timezone' needs an interval of the calendar, such as month");
    }
  }

 private:
  void Set(const std::string& name, const Value& value) {
    if (name == "size") {
      Size(value);
    } else if (name == "sort") {
      const std::string order = TextOf(value);
      if (order != "count" && order != "value") {
        Fail(name, value, fmt::format("'{}' is not an order of a facet", order),
             {"count", "value"});
      }
      facet_.order = order == "count" ? Facet::Order::kCount : Facet::Order::kValue;
    } else if (name == "missing") {
      const std::string wanted = TextOf(value);
      if (wanted != "true" && wanted != "false") {
        Fail(name, value, "true or false was expected", {"true", "false"});
      }
      facet_.missing = wanted == "true";
    } else if (name == "ranges") {
      Ranges(value);
    } else if (name == "interval") {
      Interval(value);
    } else if (name == "timezone") {
      facet_.timezone = TextOf(value);
      if (!LooksLikeZone(facet_.timezone)) {
        Fail(name, value, "the name of a time zone was expected, such as Europe/Berlin");
      }
    } else {
      Reject("unknown_parameter", "facets", Offset(value),
             fmt::format("facets: option '{}' is not known", name), kFacetOptions);
    }
  }

  void Size(const Value& value) {
    const std::string text = TextOf(value);
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, facet_.size);
    if (error == std::errc::invalid_argument || rest != end || facet_.size < 1) {
      Fail("size", value, "a whole number from 1 to 100 was expected");
    }
    if (error != std::errc{} || facet_.size > 100) {
      const std::string name = facet_.ParameterOf("size");
      Reject("limit_exceeded", name, Offset(value), fmt::format("'{}' is at most 100", name));
    }
    facet_.cut = true;
  }

  void Ranges(const Value& value) {
    if (value.IsString()) {
      for (std::size_t from = 0; from <= value.text.size();) {
        const std::size_t end = std::min(value.text.find(',', from), value.text.size());
        Add(value.text.substr(from, end - from), value);
        from = end + 1;
      }
    } else if (value.IsArray() && !value.items.empty()) {
      for (const Value& item : value.items) {
        if (item.IsString()) {
          Add(item.text, item);
        } else {
          Add(item);
        }
      }
    } else {
      Fail("ranges", value, R"(a list like [{"from": 50, "to": 100}] was expected)");
    }
    if (facet_.ranges.size() > kMostRanges) {
      Reject("limit_exceeded", facet_.ParameterOf("ranges"), Offset(value),
             fmt::format("a facet has at most {} ranges", kMostRanges));
    }
  }

  /// "50..100"
  void Add(const std::string& text, const Value& place) {
    const std::size_t dots = text.find("..");
    if (dots == std::string::npos) {
      Fail("ranges", place, fmt::format("'{}' is not a range; write from..to", text));
    }
    AddRange(text.substr(0, dots), text.substr(dots + 2), place);
  }

  void Add(const Value& object) {
    if (!object.IsObject()) Fail("ranges", object, R"({"from": …, "to": …} was expected)");
    std::string ends[2];
    for (const auto& [name, value] : object.members) {
      if (name != "from" && name != "to") {
        Reject("unknown_parameter", "facets", Offset(value),
               fmt::format("facets: '{}' is not known in a range", name), {"from", "to"});
      }
      if (value.IsNull()) continue;
      if (!value.IsNumber() && !value.IsString()) {
        Fail("ranges", value, "a number or a date was expected");
      }
      ends[name == "from" ? 0 : 1] = value.text;
    }
    AddRange(ends[0], ends[1], object);
  }

  void AddRange(const std::string& from, const std::string& to, const Value& place) {
    if (from.empty() && to.empty()) Fail("ranges", place, "a range needs 'from' or 'to'");
    FacetRange range{from + ".." + to, {}, {}};
    const auto literal = [&](const std::string& text) {
      Literal made;
      made.text = text;
      made.offset = body_ ? place.begin : 0;
      return made;
    };
    if (!from.empty()) range.from = literal(from);
    if (!to.empty()) range.to = literal(to);
    facet_.ranges.push_back(std::move(range));
  }

  void Interval(const Value& value) {
    const std::string text = TextOf(value);
    facet_.interval = text;
    if (IsCalendarUnit(text)) return;
    double number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || rest != end || !(number > 0) || !std::isfinite(number)) {
      Fail("interval", value, "a number above 0 or a unit of the calendar was expected", kUnits);
    }
    facet_.interval = fmt::format("{}", number);
  }

  std::optional<std::size_t> Offset(const Value& value) const {
    return body_ ? std::optional(value.begin) : std::nullopt;
  }
  [[noreturn]] void Fail(const std::string& option, const Value& value, const std::string& detail,
                         std::vector<std::string> allowed = {}) const {
    Reject("invalid_parameter", facet_.ParameterOf(option), Offset(value),
           fmt::format("facets: '{}': {}", facet_.path, detail), std::move(allowed));
  }

  Facet& facet_;
  bool body_;
};

[[noreturn]] void Invalid(const Value& value, bool body, const std::string& detail) {
  Reject("invalid_parameter", "facets", body ? std::optional(value.begin) : std::nullopt, detail);
}

class FacetReader {
 public:
  explicit FacetReader(bool body) : body_(body) {}

  std::vector<Facet> Read(const Value& value) {
    if (value.IsString()) {
      Names(value.text);
    } else if (value.IsObject()) {
      for (const auto& [path, options] : value.members) {
        if (!options.IsObject()) {
          Invalid(options, body_,
                  fmt::format(R"(an object like {{"size": 10}} was expected for '{}')", path));
        }
        Add(path, &options, options);
      }
    } else if (value.IsArray()) {
      for (const Value& item : value.items) Item(item);
    } else {
      Invalid(value, body_, "facets: names of fields were expected");
    }
    if (asked_ > kMostFacets) {
      Reject("limit_exceeded", "facets", body_ ? std::optional(value.begin) : std::nullopt,
             "'facets' holds at most 10 values");
    }
    return std::move(facets_);
  }

 private:
  void Names(const std::string& text) {
    for (std::size_t from = 0; from < text.size();) {
      const std::size_t end = std::min(text.find(',', from), text.size());
      if (end > from) Add(text.substr(from, end - from), nullptr, {});
      from = end + 1;
    }
  }

  void Item(const Value& item) {
    if (item.IsString()) {
      Add(item.text, nullptr, item);
      return;
    }
    const Value* field = item.IsObject() ? item.Find("field") : nullptr;
    if (field == nullptr || !field->IsString()) {
      Invalid(item, body_, R"(facets: a name or an object like {"field": "brand"} was expected)");
    }
    Add(field->text, &item, item);
  }

  /// Adds a facet. A repeated one counts once, but two that differ are an error, because one would
  /// be lost.
  void Add(const std::string& path, const Value* options, const Value& place) {
    ++asked_;
    Facet facet;
    facet.path = path;
    if (options != nullptr) OptionReader(facet, body_).Read(*options);
    const auto known = std::find_if(facets_.begin(), facets_.end(),
                                    [&](const Facet& other) { return other.path == path; });
    if (known == facets_.end()) {
      facets_.push_back(std::move(facet));
    } else if (!known->IsPlain() || !facet.IsPlain()) {
      Invalid(place, body_, fmt::format("facets: '{}' is given more than once", path));
    }
  }

  bool body_;
  std::size_t asked_ = 0;
  std::vector<Facet> facets_;
};

}  // namespace

bool IsCalendarUnit(const std::string& interval) {
  return std::find(kUnits.begin(), kUnits.end(), interval) != kUnits.end();
}

std::vector<Facet> ReadFacets(const Value& value, bool body) {
  return FacetReader(body).Read(value);
}

}  // namespace pgsluice::query
