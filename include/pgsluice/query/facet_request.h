#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pgsluice/json/value.h"
#include "pgsluice/query/filter.h"

namespace pgsluice::query {

/// A bucket of a facet: from one value to another, the first included. Either may be missing.
struct FacetRange {
  std::string name;  ///< "50..100", as the answer shows it.
  std::optional<Literal> from = {}, to = {};
};

/// What to count for a field: its values, ranges of them, or intervals.
struct Facet {
  enum class Order { kUsual, kCount, kValue };

  std::string path;
  int size = 10;
  bool stats = true;  ///< For numbers and dates: minimum, maximum and average.
  bool cut = false;   ///< `size` was given, so it also limits ranges and intervals.
  Order order = Order::kUsual;
  bool missing = false;  ///< Count documents without a value.
  std::vector<FacetRange> ranges = {};
  std::string interval = {};  ///< A number, or a calendar unit.
  std::string timezone = {};
  bool in_query = false;  ///< The options were parameters of a query string.

  /// Returns whether it has no options.
  bool IsPlain() const {
    return !cut && order == Order::kUsual && !missing && ranges.empty() && interval.empty();
  }
  /// Returns the name of the parameter that gave an option, for messages.
  std::string ParameterOf(const std::string& option) const {
    return in_query ? "facet_" + option + "." + path : "facets";
  }
};

/// The options of a facet, as they are named in a body.
extern const std::vector<std::string> kFacetOptions;

/// Reads `facets`: names, objects with "field" and options, or an object of options by field.
/// `body`: offsets refer to a JSON body; otherwise the options were parameters of a query string.
/// Throws Problem.
std::vector<Facet> ReadFacets(const json::Value& value, bool body);

/// Returns whether an interval is a calendar unit: "month".
bool IsCalendarUnit(const std::string& interval);

}  // namespace pgsluice::query
