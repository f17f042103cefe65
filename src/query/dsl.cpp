#include "pgsluice/query/filter_dsl.h"

namespace pgsluice::query {

std::string Dsl::Text() const {
  if (kind == Kind::kText) return text;
  return kind == Kind::kAll ? R"({"match_all":{}})" : R"({"match_none":{}})";
}

namespace {

Dsl Combine(const std::vector<Dsl>& parts, Dsl::Kind neutral, Dsl::Kind absorbing,
            const char* head) {
  std::string list;
  const Dsl* only = nullptr;
  std::size_t count = 0;
  for (const Dsl& part : parts) {
    if (part.kind == neutral) continue;
    if (part.kind == absorbing) return {absorbing, {}};
    if (count++ > 0) list += ',';
    list += part.text;
    only = &part;
  }
  if (count == 0) return {neutral, {}};
  if (count == 1) return *only;
  return {Dsl::Kind::kText, head + list + "]}}"};
}

}  // namespace

Dsl AllOf(const std::vector<Dsl>& parts) {
  return Combine(parts, Dsl::Kind::kAll, Dsl::Kind::kNone, R"({"bool":{"filter":[)");
}

Dsl AnyOf(const std::vector<Dsl>& parts) {
  return Combine(parts, Dsl::Kind::kNone, Dsl::Kind::kAll,
                 R"({"bool":{"minimum_should_match":1,"should":[)");
}

Dsl Not(const Dsl& part) {
  if (part.kind == Dsl::Kind::kAll) return {Dsl::Kind::kNone, {}};
  if (part.kind == Dsl::Kind::kNone) return {Dsl::Kind::kAll, {}};
  return {Dsl::Kind::kText, R"({"bool":{"must_not":[)" + part.text + "]}}"};
}

}  // namespace pgsluice::query
