#include "fuzz/fuzz.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/query/filter_dsl.h"
#include "pgsluice/query/problem.h"
#include "unit/query/plan_fixture.h"

/// Compares policies that use claims with SQL: `title = $1` with a scalar finds that title, with
/// any other value nothing. Without the claim, the request is refused.
namespace pgsluice::fuzz {
namespace {

/// Returns the engine's query for a policy, or the code of the refusal.
std::string Allowed(const char* policy, const json::Value& claims) {
  static const query::Schema schema(query::SamplePlan(), {});
  try {
    const query::Expr filter = query::WithClaims(
        query::ParseFilter(policy, {"policy", true}), [&](const std::string& name) {
          const json::Value* value = claims.Find(name);
          return value == nullptr || value->IsNull() ? nullptr : value;
        });
    const std::string text = query::TranslateFilter(filter, schema, "policy").Text();
    RequireJson(text);
    return text;
  } catch (const query::Problem& problem) {
    return problem.code();
  }
}

bool IsScalar(const json::Value& value) {
  return value.IsString() || value.IsNumber() || value.IsBool();
}

std::string TextOf(const json::Value& value) {
  return value.IsBool() ? (value.boolean ? "true" : "false") : value.text;
}

std::string Expected(const json::Value* claim) {
  if (claim == nullptr || claim->IsNull()) return "missing_claim";
  if (!IsScalar(*claim)) return R"({"match_none":{}})";
  return R"({"term":{"title.keyword":)" + json::Quote(TextOf(*claim)) + "}}";
}

}  // namespace
}  // namespace pgsluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  json::Value claims;
  try {
    claims = json::Parse(fuzz::Text(data, size));
  } catch (const Error&) {
    return 0;
  }
  if (!claims.IsObject()) return 0;
  // The first claim is used, whatever its name.
  if (!claims.members.empty()) claims.members.front().first = "t";
  const std::string allowed = fuzz::Allowed("title = ${claims.t}", claims);
  fuzz::Require(allowed == fuzz::Expected(claims.Find("t")), "another query", allowed);
  for (const char* policy :
       {"title != ${claims.t}", "title IN ${claims.t}", "title NOT IN ${claims.t}",
        "level = ${claims.t}", "live = ${claims.t}", "created_at > ${claims.t}",
        "status = ${claims.t}", "NOT (title = ${claims.t} OR level < ${claims.t})",
        "orders[state = ${claims.t}]", "title STARTS WITH ${claims.t}"}) {
    const std::string query = fuzz::Allowed(policy, claims);
    fuzz::Require(query.find("match_all") == std::string::npos, "everything is allowed", policy);
  }
  return 0;
}
