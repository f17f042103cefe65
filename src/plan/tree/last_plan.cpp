#include "pgsluice/plan/last_plan.h"
#include "pgsluice/config/words.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "pgsluice/base/error.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::plan {

namespace {

using json::Value;

/// Stored as names, because another version of the program may number them differently.
constexpr std::array<std::pair<Kind, std::string_view>, 17> kKinds = {{
    {Kind::kInteger, "integer"},
    {Kind::kDecimal, "decimal"},
    {Kind::kBool, "bool"},
    {Kind::kText, "text"},
    {Kind::kKeyword, "keyword"},
    {Kind::kEnum, "enum"},
    {Kind::kDate, "date"},
    {Kind::kTime, "time"},
    {Kind::kJson, "json"},
    {Kind::kRange, "range"},
    {Kind::kIp, "ip"},
    {Kind::kIpRange, "ip_range"},
    {Kind::kBinary, "binary"},
    {Kind::kGeoPoint, "geo_point"},
    {Kind::kGeoShape, "geo_shape"},
    {Kind::kVector, "vector"},
    {Kind::kObject, "object"},
}};

std::string_view NameOf(Kind kind) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const auto& entry) { return entry.first == kind; });
  return found == kKinds.end() ? "" : found->second;
}

Kind KindOf(std::string_view name) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const auto& entry) { return entry.second == name; });
  if (found == kKinds.end()) {
    throw Error(Disposition::kReject, fmt::format("unknown kind of field '{}'", name));
  }
  return found->first;
}

std::string List(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ',';
    json::AppendString(out, text);
  }
  return out + "]";
}

std::string List(const std::vector<Field>& fields);

std::string ToText(const Field& field) {
  return fmt::format(
      R"({{"name":{},"path":{},"kind":"{}","engine_type":{},"pg_type":{},"bigint":{},"array":{},)"
      R"("nested":{},"nested_path":{},"labels":{},"vector_dimensions":{},)"
      R"("unindexed":{},"no_values":{},"identifier":{},"fields":{}}})",
      json::Quote(field.name), json::Quote(field.path), NameOf(field.kind),
      json::Quote(field.engine_type), json::Quote(field.pg_type), field.bigint, field.array,
      field.nested, json::Quote(field.nested_path), List(field.labels), field.vector_dimensions,
      field.unindexed, field.no_values, field.identifier, List(field.fields));
}

std::string List(const std::vector<Field>& fields) {
  std::string out = "[";
  for (const Field& field : fields) out += (out.size() > 1 ? "," : "") + ToText(field);
  return out + "]";
}

const Value& Member(const Value& object, std::string_view name) {
  const Value* value = object.Find(name);
  if (value == nullptr) throw Error(Disposition::kReject, fmt::format("'{}' is missing", name));
  return *value;
}

std::vector<std::string> Texts(const Value& list) {
  std::vector<std::string> texts;
  for (const Value& item : list.items) texts.push_back(item.text);
  return texts;
}

Field ToField(const Value& value) {
  Field field;
  field.name = Member(value, "name").text;
  field.path = Member(value, "path").text;
  field.kind = KindOf(Member(value, "kind").text);
  field.engine_type = Member(value, "engine_type").text;
  field.pg_type = Member(value, "pg_type").text;
  field.bigint = Member(value, "bigint").boolean;
  field.array = Member(value, "array").boolean;
  field.nested = Member(value, "nested").boolean;
  field.nested_path = Member(value, "nested_path").text;
  field.labels = Texts(Member(value, "labels"));
  field.vector_dimensions =
      static_cast<int>(Member(value, "vector_dimensions").AsInt().value_or(0));
  field.unindexed = Member(value, "unindexed").boolean;
  field.no_values = Member(value, "no_values").boolean;
  field.identifier = Member(value, "identifier").boolean;
  for (const Value& part : Member(value, "fields").items) field.fields.push_back(ToField(part));
  return field;
}

/// Removes what the configuration names but the documents do not have (yet).
void KeepKnown(config::Search& search, const Plan& plan) {
  const auto unknown = [&](const std::string& path) { return plan.Find(path) == nullptr; };
  std::erase_if(search.fields, [&](const auto& field) { return unknown(field.first); });
  std::erase_if(search.languages, [&](const auto& field) { return unknown(field.first); });
  std::erase_if(search.identifiers, unknown);
  std::erase_if(search.facets, unknown);
  std::erase_if(search.default_sort, [&](const std::string& sort) {
    const std::string path = config::FieldOfOrder(sort);
    return !path.empty() && unknown(path);
  });
}

}  // namespace

std::string ToJson(const Plan& plan) {
  return fmt::format(R"({{"root_name":{},"key":{},"row_hash_id":{},"routing":{},"fields":{}}})",
                     json::Quote(plan.root_name), List(plan.key), plan.row_hash_id,
                     json::Quote(plan.config.routing), List(plan.fields));
}

std::shared_ptr<const Plan> FromJson(std::string_view text, const config::Index& config) {
  const auto plan = std::make_shared<Plan>();
  try {
    const Value kept = json::Parse(text, {false, false, 1000});
    plan->config = config;
    plan->name = config.name;
    plan->root_name = Member(kept, "root_name").text;
    plan->key = Texts(Member(kept, "key"));
    plan->row_hash_id = Member(kept, "row_hash_id").boolean;
    plan->config.routing = Member(kept, "routing").text;
    for (const Value& field : Member(kept, "fields").items) {
      plan->fields.push_back(ToField(field));
    }
  } catch (const Error&) {
    return nullptr;  // Written by another version; the index is not searched until it works again.
  }
  const auto& hidden = config.search.hidden;
  const bool all_known = std::all_of(hidden.begin(), hidden.end(), [&](const std::string& path) {
    return plan->Find(path) != nullptr;
  });
  if (!all_known) return nullptr;
  KeepKnown(plan->config.search, *plan);
  return plan;
}

}  // namespace pgsluice::plan
