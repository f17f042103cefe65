#include "fuzz/fuzz.h"
#include "pgsluice/config/loader.h"
#include "pgsluice/config/print.h"

/// Loads the bytes as a configuration. It must not throw, each mistake must have a place, and a
/// configuration without mistakes must be printed as valid JSON.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  const std::string text(fuzz::Text(data, size));
  const auto variable = [](const std::string& name) -> std::optional<std::string> {
    return name == "NAME" ? std::optional<std::string>("value") : std::nullopt;
  };
  config::Findings problems;
  const config::Config loaded = config::LoadText("fuzz.json", text, {}, variable, problems);
  bool right = true;
  for (const config::Finding& problem : problems) {
    fuzz::Require(!problem.message.empty() && !problem.place.empty(), "no message", text);
    right = right && problem.warning;
  }
  const std::string printed = config::PrintJson(loaded);
  fuzz::RequireJson(printed);
  if (!right) return 0;
  config::Findings again;
  config::LoadText("printed.json", printed, {}, variable, again);
  for (const config::Finding& problem : again) {
    fuzz::Require(problem.warning, problem.place + ": " + problem.message, printed);
  }
  return 0;
}
