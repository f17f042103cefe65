#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pgsluice/json/value.h"
#include "pgsluice/query/filter.h"

namespace pgsluice::query {

/// A bucket of a facet: from one value to another, the first included. One of them may be missing.
struct FacetRange {
  std::string name;  ///< "50..100", as the answer shows it.
  std::optional<Literal> from = {}, to = {};
};

/// What is counted of a field: its values, ranges of them, or intervals.
struct Facet {
  enum class Order { kUsual, kCount, kValue };

  std::string path;
  int size = 10;
  bool stats = true;  ///< Of numbers and dates: the smallest, the largest, the average.
  bool cut = false;   ///< `size` was given: of ranges and intervals too only so many are shown.
  Order order = Order::kUsual;
  bool missing = false;  ///< How many documents have no value.
  std::vector<FacetRange> ranges = {};
  std::string interval = {};  ///< A number, or a unit of the calendar.
  std::string timezone = {};
  bool in_query = false;  ///< The options were parameters of a query string.

  /// Whether it is only named.
  bool IsPlain() const {
    return !cut && order == Order::kUsual && !missing && ranges.empty() && interval.empty();
  }
  /// The parameter that gave an option, for messages.
  std::string ParameterOf(const std::string& option) const {
    return in_query ? "facet_" + option + "." + path : "facets";
  }
};

/// The options of a facet, as a body names them.
extern const std::vector<std::string> kFacetOptions;

/// Reads `facets`: names, objects with "field" and options, or an object of options by field.
/// `body`: offsets are those in a JSON body; else the options were parameters of a query string.
/// Throws Problem.
std::vector<Facet> ReadFacets(const json::Value& value, bool body);

/// Whether an interval is a unit of the calendar: "month".
bool IsCalendarUnit(const std::string& interval);

}  // namespace pgsluice::query
