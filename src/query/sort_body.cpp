#include "query/sort_body.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "pgsluice/json/writer.h"
#include "pgsluice/query/answer.h"
#include "pgsluice/query/problem.h"
#include "pgsluice/query/ranking.h"
#include "pgsluice/query/sort.h"
#include "query/lookup.h"

namespace pgsluice::query {

namespace {

using Sort = SearchRequest::Sort;

/// Half of the globe's circumference, with the radius that the engines use.
constexpr double kHalfWay = 6371008.7714 * std::numbers::pi;

/// Returns the ordinal field of an enum: "owner.__enum.mood".
std::string OrdinalPath(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  const std::size_t at = dot == std::string::npos ? 0 : dot + 1;
  return path.substr(0, at) + "__enum." + path.substr(at);
}

bool ByOrdinal(const plan::Field& field) { return field.kind == plan::Kind::kEnum && !field.array; }

Resolved LookupKey(const Schema& schema, const Sort& key) {
  return Lookup(schema, key.path, "sort", key.by == Sort::By::kDistance ? HasDistance : IsSortable);
}

/// The engines always treat a missing place as infinitely far away. Measuring from the opposite
/// side of the globe reverses the order of the others, so that missing ones come at the other end.
bool IsOpposite(const Sort& key) { return key.descending != key.nulls_first; }

std::string NestedOf(const Resolved& resolved) {
  if (resolved.nested_path.empty()) return "";
  return fmt::format(R"(,"nested":{{"path":{}}})", json::Quote(resolved.nested_path));
}

std::string DistanceJson(const Sort& key, const Resolved& resolved) {
  const bool opposite = IsOpposite(key);
  const double lat = opposite ? -key.lat : key.lat;
  const double lon = !opposite ? key.lon : key.lon > 0 ? key.lon - 180 : key.lon + 180;
  const bool down = key.descending != opposite;
  return fmt::format(
      R"({{"_geo_distance":{{{}:{{"lat":{},"lon":{}}},"order":"{}","unit":"m"{}{}}}}})",
      json::Quote(resolved.path), lat, lon, down ? "desc" : "asc",
      resolved.many ? (down ? R"(,"mode":"max")" : R"(,"mode":"min")") : "", NestedOf(resolved));
}

std::string KeyJson(const Sort& key, const Schema& schema) {
  if (key.by == Sort::By::kScore) {
    return key.descending ? R"({"_score":"desc"})" : R"({"_score":"asc"})";
  }
  const Resolved resolved = LookupKey(schema, key);
  if (key.by == Sort::By::kDistance) return DistanceJson(key, resolved);
  const bool ordinal = ByOrdinal(*resolved.field);
  return fmt::format(
      R"({{{}:{{"order":"{}","missing":"{}"{}{}}}}})",
      json::Quote(ordinal ? OrdinalPath(resolved.path) : ExactPath(resolved)),
      key.descending ? "desc" : "asc", key.nulls_first ? "_first" : "_last",
      resolved.many ? (key.descending ? R"(,"mode":"max")" : R"(,"mode":"min")") : "",
      NestedOf(resolved));
}

SortType TypeOf(const Sort& key, const Schema& schema) {
  using plan::Kind;
  if (key.by == Sort::By::kScore) return {"_score", true};
  if (key.by == Sort::By::kDistance) return {"distance", true};
  const plan::Field& field = *LookupKey(schema, key).field;
  const bool ordinal = ByOrdinal(field);
  const bool number = ordinal || field.kind == Kind::kInteger || field.kind == Kind::kDecimal ||
                      field.kind == Kind::kBool || field.kind == Kind::kDate;
  return {ordinal ? "ordinal" : field.engine_type, number};
}

/// Returns the configured order, without fields that are hidden from the caller.
std::vector<Sort> DefaultKeys(const Schema& schema) {
  std::vector<Sort> sort;
  for (const std::string& item : schema.plan().config.search.default_sort) {
    try {
      Sort key = ParseSort(item, "sort", std::nullopt);
      if (key.by == Sort::By::kScore || schema.Find(key.path) != nullptr) sort.push_back(key);
    } catch (const Problem&) {
      continue;  // `config check` and the log at start report it.
    }
  }
  return sort;
}

bool IsByScore(const Sort& key) { return key.by == Sort::By::kScore; }

}  // namespace

std::vector<Sort> SortKeys(const SearchInput& input) {
  std::vector<Sort> sort = input.request.sort;
  if (sort.empty() && input.request.q.empty()) sort = DefaultKeys(input.schema);
  if (sort.empty() && (!input.request.q.empty() || input.tuning.HasBoosts())) {
    sort.push_back({"_score", true, false, Sort::By::kScore});
  }
  return sort;
}

bool IsScored(const SearchInput& input) {
  const std::vector<Sort> keys = SortKeys(input);
  return !input.request.q.empty() || std::any_of(keys.begin(), keys.end(), IsByScore);
}

PinPlace PlaceOfPins(const SearchInput& input) {
  if (input.tuning.rules == nullptr || input.tuning.rules->pinned.empty()) return PinPlace::kNone;
  const std::vector<Sort> keys = SortKeys(input);
  if (!keys.empty() && IsByScore(keys.front()) && keys.front().descending) return PinPlace::kScore;
  return std::any_of(keys.begin(), keys.end(), IsByScore) ? PinPlace::kSorted : PinPlace::kAhead;
}

std::string SortJson(const SearchInput& input) {
  std::string out = PlaceOfPins(input) == PinPlace::kAhead ? R"([{"_score":"desc"},)" : "[";
  for (const Sort& key : SortKeys(input)) out += KeyJson(key, input.schema) + ",";
  return out + R"({"__id":"asc"}])";
}

std::vector<SortType> SortTypes(const SearchInput& input) {
  std::vector<SortType> types;
  if (PlaceOfPins(input) == PinPlace::kAhead) types.push_back({"_pin", true});
  for (const Sort& key : SortKeys(input)) types.push_back(TypeOf(key, input.schema));
  types.push_back({"__id", false});
  return types;
}

std::optional<DistanceKey> DistanceOf(const SearchInput& input) {
  const std::vector<Sort> keys = SortKeys(input);
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [](const Sort& key) { return key.by == Sort::By::kDistance; });
  if (found == keys.end()) return std::nullopt;
  const std::size_t ahead = PlaceOfPins(input) == PinPlace::kAhead ? 1 : 0;
  return DistanceKey{static_cast<std::size_t>(found - keys.begin()) + ahead, IsOpposite(*found)};
}

std::string DistanceKey::Json(std::string_view sort_values) const {
  const json::Value values = ParsePart(sort_values);
  if (at >= values.items.size() || !values.items[at].IsNumber()) return "null";
  const double value = values.items[at].AsDouble().value_or(0);
  const double metres = opposite ? std::max(kHalfWay - value, 0.0) : value;
  return fmt::format("{}", std::round(metres * 1000) / 1000);
}

}  // namespace pgsluice::query
