#include "query/places.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/plan/engine_path.h"
#include "pgsluice/plan/text_rules.h"
#include "pgsluice/query/problem.h"

namespace pgsluice::query {

namespace {

using Weights = std::vector<std::pair<std::string, double>>;

/// Returns the fields that are searched: the caller's, the configured ones, or all text fields.
Weights Chosen(const Schema& schema, const SearchRequest& request, const config::Search& search) {
  if (!request.q_fields.empty()) return request.q_fields;
  Weights weights;
  for (const auto& [path, weight] : search.fields) {
    const plan::Field* field = schema.Find(path);
    if (field != nullptr && IsSearchable(*field) && weight > 0) weights.emplace_back(path, weight);
  }
  if (!search.fields.empty()) return weights;
  for (const plan::Field* field : schema.fields()) {
    if (IsSearchable(*field)) weights.emplace_back(field->path, 1);
  }
  return weights;
}

std::string Weighed(const std::string& path, double weight) {
  return weight == 1 ? path : fmt::format("{}^{}", path, weight);
}

std::string Sub(const std::string& path, std::string_view name) {
  return plan::EnginePath(path, name);
}

void Add(std::vector<Place>& places, const plan::Field& field, const std::string& analyzer,
         double weight) {
  auto place = std::find_if(places.begin(), places.end(), [&](const Place& known) {
    return known.nested_path == field.nested_path && known.identifiers == field.identifier &&
           known.analyzer == analyzer;
  });
  if (place == places.end()) {
    Place made;
    made.nested_path = field.nested_path;
    made.analyzer = analyzer;
    made.identifiers = field.identifier;
    place = places.insert(places.end(), std::move(made));
  }
  if (field.identifier) {
    place->parts.push_back(Weighed(Sub(field.path, plan::kParts), weight));
    place->joined.push_back(Weighed(Sub(field.path, plan::kJoined), weight));
    return;
  }
  const std::string path = plan::EnginePath(field.path);
  place->own.push_back(Weighed(path, weight));
  place->plain.push_back(Weighed(analyzer.empty() ? path : Sub(field.path, plan::kPlain), weight));
  if (!analyzer.empty() || field.engine_type != "match_only_text") {
    place->ordered.push_back(place->plain.back());
  }
}

Place Main(const std::string& analyzer) {
  Place main;
  main.analyzer = analyzer;
  main.own = {"__all"};
  main.plain = {analyzer.empty() ? "__all" : Sub("__all", plan::kPlain)};
  main.ordered = main.plain;
  return main;
}

}  // namespace

std::vector<std::string> Place::All() const {
  std::vector<std::string> all = own;
  if (!analyzer.empty()) all.insert(all.end(), plain.begin(), plain.end());
  return all;
}

Places PlacesOf(const Schema& schema, const SearchRequest& request, const config::Search& search) {
  const config::Index& index = schema.plan().config;
  const bool everything = request.q_fields.empty() && search.fields.empty() && !schema.HidesText();
  Places places;
  bool has_main = false;
  for (const auto& [path, weight] : Chosen(schema, request, search)) {
    const plan::Field* field = schema.Find(path);
    if (field == nullptr || !IsSearchable(*field)) {
      Reject("unknown_field", request.q_fields_parameter, std::nullopt,
             field == nullptr ? schema.Unknown(path, nullptr)
                              : fmt::format("'{}' is not a text that 'q' can search", path));
    }
    const std::string analyzer = field->identifier ? "" : plan::AnalyzersOf(index, *field).search;
    Add(places.ranking, *field, analyzer, weight);
    if (everything && plan::IsInMain(index, *field)) {
      has_main = true;
    } else if (everything) {
      Add(places.recall, *field, analyzer, weight);
    }
  }
  if (!everything) places.recall = places.ranking;
  if (has_main) {
    places.recall.insert(places.recall.begin(), Main(plan::MainAnalyzers(index).search));
  }
  return places;
}

}  // namespace pgsluice::query
