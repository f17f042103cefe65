#include "pgsluice/config/words.h"

#include "pgsluice/base/text.h"

namespace pgsluice::config {

namespace {

/// The parts between commas; empty if one of them is.
std::vector<std::string> Parts(std::string_view text) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t end = std::min(text.find(',', from), text.size());
    const std::string_view part = base::Trimmed(text.substr(from, end - from));
    if (part.empty()) return {};
    parts.emplace_back(part);
    from = end + 1;
  }
  return parts;
}

}  // namespace

const std::vector<std::string>& Languages() {
  static const std::vector<std::string> languages = {
      "standard",   "arabic",   "armenian", "basque",  "bengali",    "brazilian", "bulgarian",
      "catalan",    "cjk",      "czech",    "danish",  "dutch",      "english",   "estonian",
      "finnish",    "french",   "galician", "german",  "greek",      "hindi",     "hungarian",
      "indonesian", "irish",    "italian",  "latvian", "lithuanian", "norwegian", "persian",
      "portuguese", "romanian", "russian",  "sorani",  "spanish",    "swedish",   "turkish"};
  return languages;
}

std::optional<SynonymLine> ParseSynonyms(std::string_view line) {
  const std::size_t arrow = line.find("=>");
  if (arrow == std::string_view::npos) {
    const std::vector<std::string> group = Parts(line);
    if (group.size() < 2) return std::nullopt;
    return SynonymLine{group, group};
  }
  SynonymLine found{Parts(line.substr(0, arrow)), Parts(line.substr(arrow + 2))};
  if (found.from.empty() || found.to.empty()) return std::nullopt;
  return found;
}

std::optional<std::string> CheckSynonyms(std::string_view line) {
  if (ParseSynonyms(line)) return std::nullopt;
  return "must be words between commas as in \"tv, television\", or one way as in "
         "\"notebook => laptop\"";
}

}  // namespace pgsluice::config
