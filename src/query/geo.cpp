#include "query/geo.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/json/writer.h"

namespace pgsluice::query {

namespace {

using Corner = std::pair<double, double>;  // Latitude and longitude.

/// Returns the part of a polygon on one side of a meridian (Sutherland and Hodgman).
std::vector<Corner> Cut(const std::vector<Corner>& polygon, double meridian, bool west) {
  std::vector<Corner> part;
  const auto inside = [&](const Corner& corner) {
    return west ? corner.second <= meridian : corner.second >= meridian;
  };
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Corner& from = polygon[i];
    const Corner& to = polygon[(i + 1) % polygon.size()];
    if (inside(from)) part.push_back(from);
    if (inside(from) == inside(to) || from.second == to.second) continue;
    const double share = (meridian - from.second) / (to.second - from.second);
    part.emplace_back(from.first + share * (to.first - from.first), meridian);
  }
  return part;
}

std::string Ring(const std::vector<Corner>& polygon, double shift) {
  std::string ring;
  const auto add = [&](const Corner& corner) {
    ring += fmt::format("{}[{},{}]", ring.empty() ? "" : ",", corner.second + shift, corner.first);
  };
  for (const Corner& corner : polygon) add(corner);
  if (polygon.front() != polygon.back()) add(polygon.front());
  return "[[" + ring + "]]";
}

/// Moves corners so that an edge spanning more than half of the globe crosses the date line
/// instead.
std::vector<Corner> Unrolled(std::vector<Corner> polygon) {
  for (std::size_t i = 1; i < polygon.size(); ++i) {
    while (polygon[i].second - polygon[i - 1].second > 180) polygon[i].second -= 360;
    while (polygon[i - 1].second - polygon[i].second > 180) polygon[i].second += 360;
  }
  return polygon;
}

Dsl Shape(const std::string& path, const std::string& coordinates) {
  return {
      Dsl::Kind::kText,
      fmt::format(
          R"({{"geo_shape":{{{}:{{"shape":{{"type":"Polygon","coordinates":{}}},"relation":"intersects"}}}}}})",
          json::Quote(path), coordinates)};
}

}  // namespace

Dsl WithinCorners(const std::vector<Corner>& corners, const std::string& path) {
  if (corners.size() == 2) {
    return {Dsl::Kind::kText,
            fmt::format(
                R"({{"geo_bounding_box":{{{}:{{"top":{},"left":{},"bottom":{},"right":{}}}}}}})",
                json::Quote(path), corners[0].first, corners[0].second, corners[1].first,
                corners[1].second)};
  }
  const std::vector<Corner> polygon = Unrolled(corners);
  std::vector<Dsl> parts;
  for (int turn = -1; turn <= 1; ++turn) {
    const std::vector<Corner> part =
        Cut(Cut(polygon, turn * 360.0 - 180, false), turn * 360.0 + 180, true);
    const auto [west, east] =
        std::minmax_element(part.begin(), part.end(),
                            [](const Corner& a, const Corner& b) { return a.second < b.second; });
    if (part.size() >= 3 && west->second < east->second)
      parts.push_back(Shape(path, Ring(part, -turn * 360.0)));
  }
  return AnyOf(parts);
}

}  // namespace pgsluice::query
