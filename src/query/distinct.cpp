#include "pgsluice/query/distinct.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "pgsluice/json/writer.h"
#include "pgsluice/query/answer.h"
#include "pgsluice/query/cursor_values.h"
#include "pgsluice/query/hits.h"
#include "query/lookup.h"

namespace pgsluice::query {

namespace {

using json::Value;
using plan::Kind;

/// Totals are exact up to this many groups.
constexpr std::int64_t kMostGroups = 10000;

[[noreturn]] void Unreadable() {
  throw Problem(502, "engine_error", "the search engine's answer has no groups");
}

/// The engines can collapse by keywords and by some number types.
bool IsCollapsible(const plan::Field& field) {
  constexpr std::array kNumbers = {
      std::string_view("byte"),   std::string_view("short"), std::string_view("integer"),
      std::string_view("long"),   std::string_view("float"), std::string_view("half_float"),
      std::string_view("double"),
  };
  switch (field.kind) {
    case Kind::kInteger:
    case Kind::kDecimal:
      return std::find(kNumbers.begin(), kNumbers.end(), field.engine_type) != kNumbers.end();
    case Kind::kKeyword:
    case Kind::kEnum:
    case Kind::kTime:
      return field.engine_type.empty() || field.engine_type == "keyword";
    default:
      return field.kind == Kind::kText;
  }
}

Resolved FieldOf(const SearchInput& input) {
  const std::string& path = input.request.distinct;
  Resolved resolved = Lookup(input.schema, path, "distinct", IsFacetable);
  if (resolved.many || !resolved.nested_path.empty() || !IsCollapsible(*resolved.field)) {
    Reject("invalid_parameter", "distinct", std::nullopt,
           fmt::format("'{}' ({}) cannot be used in 'distinct': a text, a key or a number with one "
                       "value per document is needed",
                       path, resolved.field->pg_type));
  }
  return resolved;
}

/// Returns a value that no document has, because PostgreSQL's text cannot contain NUL.
const char* NoValue(const plan::Field& field) {
  if (field.kind == Kind::kInteger) return "-9223372036854775808";
  return field.kind == Kind::kDecimal ? "-1.7976931348623157E308" : R"("\u0000")";
}

}  // namespace

std::string CollapseJson(const SearchInput& input) {
  if (input.request.distinct.empty()) return "";
  return R"(,"collapse":{"field":)" + json::Quote(ExactPath(FieldOf(input))) + "}";
}

std::string GroupsAggregation(const SearchInput& input, const Dsl& selected) {
  if (input.request.distinct.empty()) return "";
  const std::string field = json::Quote(ExactPath(FieldOf(input)));
  return fmt::format(
      R"("d":{{"filter":{},"aggs":{{"v":{{"terms":{{"field":{},"size":{},"order":{{"_key":"asc"}}}}}},"m":{{"missing":{{"field":{}}}}}}}}})",
      selected.Text(), field, kMostGroups + 1, field);
}

std::string GroupCount(const SearchInput& input) {
  if (input.request.distinct.empty()) return "";
  const Resolved resolved = FieldOf(input);
  return fmt::format(R"({{"cardinality":{{"field":{},"missing":{},"precision_threshold":3000}}}})",
                     json::Quote(ExactPath(resolved)), NoValue(*resolved.field));
}

std::string SizesBody(const SearchInput& input, const std::string& values) {
  std::string body = CountBody(input);
  body.pop_back();
  return body +
         fmt::format(
             R"(,"size":0,"track_total_hits":false,"aggs":{{"v":{{"terms":{{"field":{},"size":100,"include":{}}}}}}}}})",
             json::Quote(ExactPath(FieldOf(input))), values);
}

Groups::Groups(std::string_view engine_answer) {
  const std::string_view text = MemberOf(MemberOf(engine_answer, "aggregations"), "d");
  if (text.empty()) Unreadable();
  const Value groups = ParsePart(text);
  const Value* buckets = groups.Find({"v", "buckets"});
  const Value* missing = groups.Find({"m", "doc_count"});
  if (buckets == nullptr || missing == nullptr || !missing->AsInt()) Unreadable();
  Read(*buckets);
  missing_ = *missing->AsInt();
  total_ = static_cast<std::int64_t>(buckets->items.size()) + (missing_ > 0 ? 1 : 0);
  exact_ = total_ <= kMostGroups;
  total_ = std::min(total_, kMostGroups);
}

void Groups::Read(const Value& buckets) {
  for (const Value& bucket : buckets.items) {
    const Value* key = bucket.Find("key");
    const Value* count = bucket.Find("doc_count");
    if (key == nullptr || count == nullptr || !count->AsInt()) Unreadable();
    sizes_[json::ToText(*key)] = *count->AsInt();
  }
}

namespace {

/// Returns the value that a hit was collapsed by, as JSON; empty if it has none.
std::string ValueOf(std::string_view fields) {
  if (fields.empty()) return "";
  const Value parsed = ParsePart(fields);
  for (const auto& [name, list] : parsed.members) {
    if (!list.items.empty() && !list.items.front().IsNull()) {
      return json::ToText(list.items.front());
    }
  }
  return "";
}

}  // namespace

std::string Groups::Unknown(std::string_view engine_answer) const {
  std::string list;
  for (const std::string_view hit : ReadItems(MemberOf(MemberOf(engine_answer, "hits"), "hits"))) {
    const std::string value = ValueOf(MemberOf(hit, "fields"));
    if (value.empty() || sizes_.find(value) != sizes_.end()) continue;
    list += (list.empty() ? "" : ",") + value;
  }
  return list.empty() ? "" : "[" + list + "]";
}

void Groups::Learn(std::string_view engine_answer) {
  const Value aggregations = ParsePart(MemberOf(engine_answer, "aggregations"));
  const Value* buckets = aggregations.Find({"v", "buckets"});
  if (buckets == nullptr) Unreadable();
  Read(*buckets);
}

void Groups::Append(std::string& out, std::string_view fields) const {
  const std::string value = ValueOf(fields);
  const auto found = sizes_.find(value);
  // A document that was added between the two requests is in neither list.
  const std::int64_t size = value.empty() ? missing_ : found == sizes_.end() ? 1 : found->second;
  out += fmt::format(R"({{"value":{},"count":{}}})", value.empty() ? "null" : value, size);
}

std::string OffsetPayload(int offset) { return fmt::format(R"(["distinct",{}])", offset); }

int ReadOffset(std::string_view payload) {
  Value values;
  try {
    values = json::Parse(payload, {.max_depth = 2});
  } catch (const Error&) {
    RejectCursor();
  }
  const bool fits = values.items.size() == 2 && values.items[0].text == "distinct";
  const auto offset = fits ? values.items[1].AsInt() : std::nullopt;
  if (!offset || *offset < 0 || *offset > 10000) RejectCursor();
  return static_cast<int>(*offset);
}

}  // namespace pgsluice::query
