#include "fuzz/fuzz.h"
#include "pgsluice/query/cursor.h"
#include "pgsluice/query/cursor_values.h"
#include "pgsluice/query/problem.h"
#include "unit/query/plan_fixture.h"

/// Only sealed cursors may open.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  const std::string text(fuzz::Text(data, size));
  static const query::CursorKeys keys({"key"});
  const std::string sealed = keys.Seal(text, "binding");
  fuzz::Require(keys.Open(sealed, "binding") == text, "not the same", text);
  for (const std::string& cursor : {text, text + sealed, sealed.substr(0, sealed.size() / 2)}) {
    try {
      keys.Open(cursor, "binding");
      fuzz::Require(cursor == sealed, "opened", cursor);
    } catch (const query::Problem& problem) {
      fuzz::Require(problem.code() == "invalid_cursor" || problem.code() == "cursor_expired",
                    problem.what(), cursor);
    }
  }
  // Even with a valid signature, only values for the sort may reach the engine.
  static const query::Schema schema(query::SamplePlan(), {});
  static const query::SearchRequest request =
      query::ReadParameters({{"sort", "level,title"}}, query::kSearchParameters);
  const query::SearchInput input{schema, request, {}, false, {}, {}};
  for (const std::string& payload : {text, R"(["short text __id ",)" + text + "]"}) {
    try {
      const std::string after = query::SearchAfter(input, payload);
      const json::Value values = json::Parse(after);
      fuzz::Require(values.items.size() == 3, "another number of values", after);
      for (const json::Value& value : values.items) {
        fuzz::Require(!value.IsArray() && !value.IsObject(), "no scalar", after);
      }
    } catch (const query::Problem&) {
    }
  }
  return 0;
}
