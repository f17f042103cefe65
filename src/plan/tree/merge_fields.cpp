#include "plan/tree/merge_fields.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>

namespace pgsluice::plan {

namespace {

/// Returns a text that two fields must share to be one field of the mapping.
std::string TypeOf(const Field& field) {
  return fmt::format("{} {} {} {} {} {}", static_cast<int>(field.kind), field.engine_type,
                     field.array, field.nested, field.vector_dimensions,
                     fmt::join(field.labels, ","));
}

/// Returns whether values are JSON objects or lists of a special kind. The engine refuses them in a
/// field of plain values, and plain values in a field of such a kind.
bool IsStructured(Kind kind) {
  return kind == Kind::kObject || kind == Kind::kJson || kind == Kind::kRange ||
         kind == Kind::kGeoPoint || kind == Kind::kGeoShape || kind == Kind::kVector;
}

struct Variants {
  std::map<std::string, std::size_t> schemas;  ///< By type.
  std::map<std::string, const Field*> fields;
  std::vector<FieldsOfSome> below;
  bool nullable = false;
};

}  // namespace

std::vector<Field> MergeFields(const std::vector<FieldsOfSome>& all) {
  std::vector<std::string> order;
  std::map<std::string, Variants> by_name;
  for (const auto& [fields, schemas] : all) {
    for (const Field& field : *fields) {
      const auto [at, is_new] = by_name.try_emplace(field.name);
      if (is_new) order.push_back(field.name);
      Variants& variants = at->second;
      const std::string type = TypeOf(field);
      variants.schemas[type] += schemas;
      variants.fields.emplace(type, &field);
      variants.nullable = variants.nullable || field.nullable;
      if (!field.fields.empty()) variants.below.push_back({&field.fields, schemas});
    }
  }
  std::vector<Field> merged;
  for (const std::string& name : order) {
    const Variants& variants = by_name.at(name);
    const auto most =
        std::max_element(variants.schemas.begin(), variants.schemas.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    Field field = *variants.fields.at(most->first);
    field.nullable = variants.nullable || by_name.at(name).fields.size() > 1;
    if (field.kind == Kind::kObject) field.fields = MergeFields(variants.below);
    merged.push_back(std::move(field));
  }
  return merged;
}

std::string Conflict(const std::vector<Field>& fields, const std::vector<Field>& merged) {
  for (const Field& field : fields) {
    const auto found = std::find_if(merged.begin(), merged.end(),
                                    [&](const Field& one) { return one.name == field.name; });
    if (found == merged.end()) continue;
    const bool structured = IsStructured(field.kind) || IsStructured(found->kind);
    if (structured && field.kind != found->kind) {
      return fmt::format("field \"{}\" is {} there, but {} in most schemas", field.path,
                         field.pg_type.empty() ? "an object" : field.pg_type,
                         found->pg_type.empty() ? "an object" : found->pg_type);
    }
    if (std::string below = Conflict(field.fields, found->fields); !below.empty()) return below;
  }
  return {};
}

}  // namespace pgsluice::plan
