#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "api/instantsearch/instantsearch.h"
#include "pgsluice/base/text.h"
#include "pgsluice/query/problem.h"

/// Reads places in the parameters of the Algolia search API.
namespace pgsluice::api {

namespace {

using json::Value;
using query::Expr;
using Numbers = std::vector<double>;

[[noreturn]] void Invalid(const char* parameter, const std::string& detail) {
  query::Reject("invalid_parameter", parameter, std::nullopt, detail);
}

double NumberOf(std::string_view text, const char* parameter) {
  const std::string_view trimmed = base::Trimmed(text);
  double number = 0;
  const char* end = trimmed.data() + trimmed.size();
  const auto [rest, error] = std::from_chars(trimmed.data(), end, number);
  if (error != std::errc{} || rest != end) {
    Invalid(parameter, fmt::format("'{}' is not a number", text));
  }
  return number;
}

void CheckPoints(const Numbers& numbers, const char* parameter) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const double limit = i % 2 == 0 ? 90 : 180;
    if (numbers[i] >= -limit && numbers[i] <= limit) continue;
    Invalid(parameter, "latitudes are from -90 to 90, longitudes from -180 to 180");
  }
}

Numbers Separated(const std::string& text, const char* parameter) {
  Numbers numbers;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(',', from), text.size());
    numbers.push_back(NumberOf(std::string_view(text).substr(from, end - from), parameter));
    from = end + 1;
  }
  return numbers;
}

/// Returns one or several lists of numbers: [[1, 2, 3, 4], …], "1,2,3,4", or the first as JSON
/// text.
std::vector<Numbers> ListsOf(const Value& params, const char* name) {
  const Value* value = params.Find(name);
  std::vector<Numbers> lists;
  if (value == nullptr || value->IsNull()) return lists;
  Value parsed;
  if (value->IsString() && value->text.starts_with('[')) {
    try {
      parsed = json::Parse(value->text);
      value = &parsed;
    } catch (const Error&) {
      Invalid(name, "lists of numbers were expected");
    }
  }
  if (value->IsString()) {
    if (!value->text.empty()) lists.push_back(Separated(value->text, name));
  } else if (!value->IsArray()) {
    Invalid(name, "lists of numbers were expected");
  } else if (!value->items.empty() && !value->items.front().IsArray()) {
    Numbers& numbers = lists.emplace_back();
    for (const Value& item : value->items) numbers.push_back(NumberOf(item.text, name));
  } else {
    for (const Value& list : value->items) {
      Numbers& numbers = lists.emplace_back();
      for (const Value& item : list.items) numbers.push_back(NumberOf(item.text, name));
    }
  }
  for (const Numbers& numbers : lists) CheckPoints(numbers, name);
  return lists;
}

/// Returns the field that clients mean without naming it: "_geoloc", or the only place field.
std::string PlaceField(const query::Schema& schema, const char* parameter) {
  std::vector<std::string> paths;
  for (const plan::Field* field : schema.fields()) {
    if (!query::HasDistance(*field)) continue;
    if (field->path == "_geoloc") return field->path;
    paths.push_back(field->path);
  }
  if (paths.size() == 1) return paths.front();
  Invalid(parameter, paths.empty() ? fmt::format("index '{}' has no field of type geo_point",
                                                 schema.plan().name)
                                   : fmt::format("which of {} is meant? Name one of them _geoloc",
                                                 fmt::join(paths, ", ")));
}

Expr Within(const std::string& path) {
  Expr expr;
  expr.kind = Expr::Kind::kPredicate;
  expr.op = query::Op::kWithin;
  expr.path = path;
  return expr;
}

/// Returns a box from two opposite corners, north-east and south-west or the others. If they are
/// more than half of the globe apart, the box crosses the date line.
Expr Box(const Numbers& points, const std::string& path) {
  if (points.size() != 4) Invalid("insideBoundingBox", "a box has four numbers");
  Expr box = Within(path);
  double left = std::min(points[1], points[3]);
  double right = std::max(points[1], points[3]);
  const bool north_east_first = points[0] >= points[2];
  const bool crosses = north_east_first && points[1] < points[3] && right - left > 180;
  if (crosses) std::swap(left, right);
  box.corners = {{std::max(points[0], points[2]), left}, {std::min(points[0], points[2]), right}};
  return box;
}

Expr Polygon(const Numbers& points, const std::string& path) {
  if (points.size() < 6 || points.size() % 2 != 0) {
    Invalid("insidePolygon", "a polygon has three points or more, two numbers each");
  }
  Expr polygon = Within(path);
  for (std::size_t i = 0; i < points.size(); i += 2) {
    polygon.corners.emplace_back(points[i], points[i + 1]);
  }
  return polygon;
}

/// Returns metres; nullopt: any distance.
std::optional<double> Radius(const Value& params) {
  const Value* value = params.Find("aroundRadius");
  if (value == nullptr || value->IsNull() || value->text == "all") return std::nullopt;
  const double radius = NumberOf(value->text, "aroundRadius");
  if (!(radius >= 1 && radius <= 1e8)) {
    Invalid("aroundRadius", "a number of metres from 1 on, or \"all\", was expected");
  }
  return radius;
}

void AddAround(const Value& params, const query::Schema& schema, query::SearchRequest& request) {
  const std::vector<Numbers> around = ListsOf(params, "aroundLatLng");
  const std::optional<double> radius = Radius(params);
  if (around.empty() && radius) Invalid("aroundRadius", "it needs 'aroundLatLng'");
  if (around.empty()) return;
  if (around.size() != 1 || around.front().size() != 2) {
    Invalid("aroundLatLng", "a latitude and a longitude were expected, as in 48.1,11.5");
  }
  const std::string path = PlaceField(schema, "aroundLatLng");
  const double lat = around.front()[0], lon = around.front()[1];
  if (radius) {
    Expr circle = Within(path);
    circle.lat = lat;
    circle.lon = lon;
    circle.metres = *radius;
    request.filter.parts.push_back(std::move(circle));
  }
  using Sort = query::SearchRequest::Sort;
  if (!request.sort.empty()) return;
  request.sort.push_back({path, false, false, Sort::By::kDistance, lat, lon});
  if (!request.q.empty()) request.sort.push_back({"_score", true, false, Sort::By::kScore});
}

}  // namespace

void AddPlaces(const Value& params, const query::Schema& schema, query::SearchRequest& request) {
  // By the format's documentation, a box overrides a polygon, and both override a circle.
  for (const auto& [name, read] :
       {std::pair{"insideBoundingBox", &Box}, std::pair{"insidePolygon", &Polygon}}) {
    const std::vector<Numbers> lists = ListsOf(params, name);
    if (lists.empty()) continue;
    Expr any;
    any.kind = Expr::Kind::kOr;
    for (const Numbers& numbers : lists)
      any.parts.push_back(read(numbers, PlaceField(schema, name)));
    request.filter.parts.push_back(std::move(any));
    return;
  }
  AddAround(params, schema, request);
}

}  // namespace pgsluice::api
