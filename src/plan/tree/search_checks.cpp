#include "plan/tree/search_checks.h"

#include <spdlog/fmt/fmt.h>

#include "pgsluice/config/words.h"
#include "pgsluice/plan/text_rules.h"
#include "plan/sql/sql_fragment.h"

namespace pgsluice::plan {

namespace {

Field* FindIn(std::vector<Field>& fields, const std::string& path) {
  for (Field& field : fields) {
    if (field.path == path) return &field;
    if (Field* found = FindIn(field.fields, path)) return found;
  }
  return nullptr;
}

class SearchChecks {
 public:
  SearchChecks(Plan& plan, Building& building)
      : plan_(plan), building_(building), search_(building.index.search) {}

  void Check() {
    MarkIdentifiers();
    for (const auto& [path, weight] : search_.fields) {
      const Field* field = FindIn(plan_.fields, path);
      if (field == nullptr) continue;
      if (field->unindexed) {
        Error("search.fields", fmt::format("the mapping of {} says \"index\": false", Quoted(path)),
              "remove it from the mapping, or the field from search.fields");
      } else if (field->kind != Kind::kText && !field->identifier) {
        Error(
            "search.fields",
            fmt::format("{} ({}) is not text, so q cannot search it", Quoted(path), field->pg_type),
            "name it in search.identifiers too, or use a filter");
      }
    }
    for (const auto& [path, language] : search_.languages) CheckLanguage(path);
    for (const auto& [path, definition] : building_.index.mapping) CheckMapping(path, definition);
  }

 private:
  void Error(const std::string& what, const std::string& message, const std::string& hint) {
    building_.Error(building_.index.place + "." + what, message, hint);
  }

  void MarkIdentifiers() {
    for (const std::string& path : search_.identifiers) {
      Field* field = FindIn(plan_.fields, path);
      if (field == nullptr) continue;
      switch (field->kind) {
        case Kind::kText:
        case Kind::kKeyword:
        case Kind::kEnum:
        case Kind::kInteger:
          field->identifier = true;
          break;
        default:
          Error("search.identifiers",
                fmt::format("{} ({}) cannot be an identifier", Quoted(path), field->pg_type),
                "identifiers are texts, codes and whole numbers");
      }
    }
  }

  void CheckLanguage(const std::string& path) {
    const Field* field = FindIn(plan_.fields, path);
    if (field == nullptr) return;
    const json::Value* definition = OverrideOf(building_.index, path);
    if (field->kind != Kind::kText || field->identifier) {
      Error("search.languages",
            fmt::format("{} is not analysed as text, so it has no language", Quoted(path)),
            "remove it");
    } else if (definition != nullptr && definition->Find("analyzer") != nullptr) {
      Error("search.languages",
            fmt::format("the mapping gives {} an analyzer, which wins over the language",
                        Quoted(path)),
            "keep one of them");
    }
  }

  /// An overlay may add to a field, but may not remove what filters, sorts and `q` need.
  void CheckMapping(const std::string& path, const json::Value& definition) {
    const Field* field = FindIn(plan_.fields, path);
    if (field == nullptr || field->kind != Kind::kText) return;
    const std::string place = "mapping." + path;
    const json::Value* exact = definition.Find({"fields", "keyword", "type"});
    if (definition.Find({"fields", "keyword"}) != nullptr &&
        (exact == nullptr || exact->text != "keyword")) {
      Error(place, "fields.keyword must be of type keyword: filters, sorts and facets use it",
            "give the sub-field another name");
    }
    for (const std::string_view ours : {kPlain, kParts, kJoined}) {
      if (definition.Find({"fields", ours}) == nullptr) continue;
      Error(place, fmt::format("the sub-field {} is one of pgsluice's own", ours),
            "give it another name");
    }
    const json::Value* options = definition.Find("index_options");
    if (options != nullptr && (options->text == "docs" || options->text == "freqs")) {
      Error(place, "without positions no phrase and no word with a hyphen can be found",
            "leave index_options out, or set \"index\": false if q need not find the field");
    }
  }

  Plan& plan_;
  Building& building_;
  const config::Search& search_;
};

}  // namespace

namespace {

void CollectPaths(const std::vector<Field>& fields, std::vector<std::string>& paths) {
  for (const Field& field : fields) {
    paths.push_back(field.path);
    CollectPaths(field.fields, paths);
  }
}

}  // namespace

void CheckPaths(Plan& plan, Building& building) {
  const config::Index& index = building.index;
  std::vector<std::string> paths;
  CollectPaths(plan.fields, paths);
  const auto check = [&](const char* what, const std::string& path) {
    if (plan.Find(path) != nullptr) return;
    const std::string nearest = config::Nearest(path, paths);
    building.Error(fmt::format("{}.{}", index.place, what),
                   fmt::format("the documents have no field {}", Quoted(path)),
                   nearest.empty() ? "" : fmt::format("did you mean {}?", Quoted(nearest)));
  };
  for (const auto& [path, definition] : index.mapping) check("mapping", path);
  for (const auto& [path, weight] : index.search.fields) check("search.fields", path);
  for (const auto& [path, language] : index.search.languages) check("search.languages", path);
  for (const std::string& path : index.search.identifiers) check("search.identifiers", path);
  for (const std::string& path : index.search.hidden) check("search.hidden", path);
  for (const std::string& path : index.search.facets) check("search.facets", path);
  for (const std::string& sort : index.search.default_sort) {
    const std::string path = config::FieldOfOrder(sort);
    if (!path.empty()) check("search.default_sort", path);
  }
  CheckSearch(plan, building);
}

void CheckSearch(Plan& plan, Building& building) { SearchChecks(plan, building).Check(); }

}  // namespace pgsluice::plan
