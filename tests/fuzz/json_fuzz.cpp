#include "fuzz/fuzz.h"
#include "pgsluice/json/equal.h"
#include "pgsluice/json/writer.h"

/// A parsed value must be written as the same value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  const std::string_view text = fuzz::Text(data, size);
  for (const json::ParseOptions& options : {json::ParseOptions{}, json::ParseOptions{true, true}}) {
    try {
      const json::Value value = json::Parse(text, options);
      fuzz::Require(value.begin <= value.end && value.end <= size, "range", text);
      const std::string written = json::ToText(value);
      fuzz::RequireJson(written);
      fuzz::Require(json::Equal(value, json::Parse(written)), "not the same", text);
    } catch (const Error& error) {
      fuzz::Require(error.disposition() == Disposition::kReject, error.what(), text);
    }
  }
  return 0;
}
