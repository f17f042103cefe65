#include "fuzz/fuzz.h"
#include "pgsluice/json/utf8.h"
#include "pgsluice/query/filter_dsl.h"
#include "pgsluice/query/problem.h"
#include "unit/query/plan_fixture.h"

/// Parses filters, as an expression and, if the bytes are JSON, as a tree.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  static const query::Schema schema(query::SamplePlan(), {"secret"}, 1);
  const std::string_view text = fuzz::Text(data, size);
  if (!json::IsUtf8(text)) return 0;  // Refused before.
  try {
    fuzz::RequireJson(query::TranslateFilter(query::ParseFilter(text), schema).Text());
  } catch (const query::Problem& problem) {
    fuzz::Require(problem.status() == 400, problem.what(), text);
  }
  try {
    const json::Value tree = json::Parse(text);
    fuzz::RequireJson(query::TranslateFilter(query::ParseFilterTree(tree), schema).Text());
  } catch (const query::Problem& problem) {
    fuzz::Require(problem.status() == 400, problem.what(), text);
  } catch (const Error&) {
    return 0;  // Not JSON.
  }
  return 0;
}
