#include <spdlog/fmt/fmt.h>

#include "api/instantsearch/instantsearch.h"
#include "pgsluice/query/problem.h"

/// Reads requests of recommendation widgets.
namespace pgsluice::api {

namespace {

using json::Value;

[[noreturn]] void Invalid(const std::string& parameter, const std::string& detail) {
  query::Reject("invalid_parameter", parameter, std::nullopt, detail);
}

std::string TextOf(const Value& item, const char* name) {
  const Value* value = item.Find(name);
  if (value == nullptr || !value->IsString() || value->text.empty()) {
    Invalid(name, fmt::format("'{}' is needed: a text", name));
  }
  return value->text;
}

/// Checks the other options of a request: how many, above which score, and the fallback.
void CheckOptions(const Value& item) {
  for (const auto& [name, value] : item.members) {
    if (name == "indexName" || name == "objectID" || name == "model" ||
        name == "maxRecommendations" || name == "queryParameters") {
      continue;
    }
    const bool empty = value.IsNull() || (value.IsObject() && value.members.empty());
    if (name == "threshold") {
      if (value.AsDouble().value_or(1) > 0) Invalid(name, "'threshold' can only be 0 here");
    } else if (name != "fallbackParameters" || !empty) {
      query::Reject("unknown_parameter", name, std::nullopt,
                    fmt::format("'{}' is not supported here", name));
    }
  }
}

}  // namespace

InstantSimilar ReadInstantSimilar(const Value& item) {
  if (!item.IsObject()) Invalid("requests", "a request is an object");
  CheckOptions(item);
  const std::string model = TextOf(item, "model");
  if (model != "related-products" && model != "looking-similar") {
    query::Reject("invalid_parameter", "model", std::nullopt,
                  fmt::format("model '{}' is not supported here", model),
                  {"related-products", "looking-similar"});
  }
  InstantSimilar similar;
  similar.id = TextOf(item, "objectID");
  similar.query.name = similar.query.index = TextOf(item, "indexName");
  similar.query.params.type = json::Type::kObject;
  if (const Value* params = item.Find("queryParameters")) {
    if (!params->IsObject()) Invalid("queryParameters", "an object was expected");
    similar.query.params = *params;
  }
  for (const char* name : {"query", "page", "offset", "length", "hitsPerPage", "facets"}) {
    if (similar.query.params.Find(name) != nullptr) {
      Invalid(name, fmt::format("'{}' has no meaning for recommendations", name));
    }
  }
  const Value* most = item.Find("maxRecommendations");
  const auto number =
      most == nullptr || most->IsNull() ? std::optional<std::int64_t>(0) : most->AsInt();
  if (!number || *number < 0) Invalid("maxRecommendations", "a whole number was expected");
  if (*number > 100) {
    query::Reject("limit_exceeded", "maxRecommendations", std::nullopt, "at most 100");
  }
  Value& size = similar.query.params.members.emplace_back("hitsPerPage", Value()).second;
  size.type = json::Type::kNumber;
  size.text = std::to_string(*number == 0 ? 30 : *number);
  return similar;
}

}  // namespace pgsluice::api
