#include "fuzz/fuzz.h"
#include "pgsluice/query/cursor.h"
#include "pgsluice/query/problem.h"

/// Nothing but what was sealed opens.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  const std::string text(fuzz::Text(data, size));
  const std::string sealed = query::SealCursor(text, "binding", base::HmacKey("key"));
  fuzz::Require(query::OpenCursor(sealed, "binding", base::HmacKey("key")) == text, "not the same",
                text);
  for (const std::string& cursor : {text, text + sealed, sealed.substr(0, sealed.size() / 2)}) {
    try {
      query::OpenCursor(cursor, "binding", base::HmacKey("key"));
      fuzz::Require(cursor == sealed, "opened", cursor);
    } catch (const query::Problem& problem) {
      fuzz::Require(problem.code() == "invalid_cursor", problem.what(), cursor);
    }
  }
  return 0;
}
