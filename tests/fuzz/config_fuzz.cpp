#include "fuzz/fuzz.h"
#include "pgsluice/config/loader.h"
#include "pgsluice/config/print.h"

/// Configurations as they come: never an exception, each mistake has a place, and what is right is
/// printed as JSON that is right too.
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
