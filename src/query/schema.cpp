#include "pgsluice/query/schema.h"

#include <spdlog/fmt/fmt.h>

#include "pgsluice/config/finding.h"

namespace pgsluice::query {

using plan::Field;
using plan::Kind;

Schema::Schema(std::shared_ptr<const plan::Plan> plan, std::vector<std::string> hidden,
               std::size_t configured)
    : plan_(std::move(plan)), hidden_(std::move(hidden)), configured_(configured) {
  hides_text_ = hidden_.size() > configured_;
  Collect(plan_->fields);
}

void Schema::Collect(const std::vector<Field>& fields) {
  for (const Field& field : fields) {
    if (IsHidden(field.path)) continue;
    fields_.push_back(&field);
    Collect(field.fields);
  }
}

bool Schema::IsHidden(std::string_view path) const {
  if (path.substr(0, 2) == "__") return true;
  for (const std::string& hidden : hidden_) {
    if (path == hidden) return true;
    if (path.size() > hidden.size() && path.substr(0, hidden.size()) == hidden &&
        path[hidden.size()] == '.') {
      return true;
    }
  }
  return false;
}

const Field* Schema::Find(std::string_view path) const {
  for (const Field* field : fields_) {
    if (field->path == path) return field;
  }
  return nullptr;
}

namespace {

const Field* FindIn(const std::vector<Field>& fields, std::string_view path, Resolved& resolved) {
  for (const Field& field : fields) {
    const std::string_view name = field.name;
    if (path.substr(0, name.size()) != name) continue;
    const bool whole = path.size() == name.size();
    if (!whole && path[name.size()] != '.') continue;
    const bool many = resolved.many;
    resolved.many = many || field.array;
    if (whole) return &field;
    if (field.kind == Kind::kJson) {
      resolved.json_value = true;
      return &field;
    }
    const Field* found = FindIn(field.fields, path.substr(name.size() + 1), resolved);
    if (found != nullptr) return found;
    resolved.many = many;
  }
  return nullptr;
}

}  // namespace

Resolved Schema::Resolve(std::string_view path, const Field* scope) const {
  Resolved resolved;
  resolved.field = FindIn(scope == nullptr ? plan_->fields : scope->fields, path, resolved);
  if (resolved.field == nullptr) return resolved;
  resolved.path = scope == nullptr ? std::string(path) : scope->path + "." + std::string(path);
  if (IsHidden(resolved.path)) return {};
  const std::string scope_nested = scope == nullptr ? "" : scope->nested_path;
  if (resolved.field->nested_path != scope_nested)
    resolved.nested_path = resolved.field->nested_path;
  return resolved;
}

std::vector<std::string> Schema::Paths(const Field* scope) const {
  const std::string prefix = scope == nullptr ? "" : scope->path + ".";
  std::vector<std::string> paths;
  for (const Field* field : fields_) {
    if (field->path.size() > prefix.size() && field->path.compare(0, prefix.size(), prefix) == 0) {
      paths.push_back(field->path.substr(prefix.size()));
    }
  }
  return paths;
}

std::string Schema::Unknown(std::string_view path, const Field* scope) const {
  const std::string nearest = config::Nearest(std::string(path), Paths(scope));
  std::string text = fmt::format(
      "field '{}' does not exist in {}", path,
      scope == nullptr ? fmt::format("index '{}'", plan_->name) : fmt::format("'{}'", scope->path));
  if (!nearest.empty()) text += fmt::format("; did you mean '{}'?", nearest);
  return text;
}

std::string ExactPath(const Resolved& resolved) {
  const bool text = resolved.field->kind == Kind::kText && !resolved.json_value;
  return text ? resolved.path + ".keyword" : resolved.path;
}

bool IsFilterable(const Field& field) {
  return field.kind != Kind::kBinary && (field.kind == Kind::kText || !field.unindexed);
}

bool IsSortable(const Field& field) {
  if (field.no_values && field.kind != Kind::kText) return false;
  switch (field.kind) {
    case Kind::kInteger:
    case Kind::kDecimal:
    case Kind::kBool:
    case Kind::kText:
    case Kind::kKeyword:
    case Kind::kEnum:
    case Kind::kDate:
    case Kind::kTime:
    case Kind::kIp:
      return true;
    default:
      return false;
  }
}

bool HasDistance(const Field& field) {
  return field.kind == Kind::kGeoPoint && !field.no_values && !field.unindexed;
}

bool IsFacetable(const Field& field) { return IsSortable(field); }

bool IsSearchable(const Field& field) {
  return (field.kind == Kind::kText || field.identifier) && !field.unindexed;
}

}  // namespace pgsluice::query
