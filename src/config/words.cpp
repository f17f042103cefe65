#include "pgsluice/config/words.h"

#include <algorithm>
#include <charconv>

#include "pgsluice/base/text.h"

namespace pgsluice::config {

namespace {

/// Returns the parts between commas; empty if one of them is empty.
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

std::string FieldOfOrder(std::string_view item) {
  constexpr std::string_view kDistance = "distance(";
  const std::string_view trimmed = base::Trimmed(item);
  if (trimmed == "_score" || trimmed.starts_with("_score:")) return "";
  if (!trimmed.starts_with(kDistance)) return std::string(item.substr(0, item.find(':')));
  const std::string_view inside =
      trimmed.substr(kDistance.size(), trimmed.rfind(')') - kDistance.size());
  const std::size_t last = inside.rfind(',');
  const std::size_t middle =
      last == 0 || last == std::string_view::npos ? last : inside.rfind(',', last - 1);
  return std::string(base::Trimmed(inside.substr(0, middle)));
}

const std::vector<std::string>& Modifiers() {
  static const std::vector<std::string> modifiers = {
      "none", "log1p", "log2p", "ln1p", "ln2p", "log", "ln", "sqrt", "square", "reciprocal"};
  return modifiers;
}

std::optional<std::chrono::seconds> ParseHalfLife(std::string_view text) {
  constexpr std::int64_t kMost = std::int64_t{100} * 365 * 86400;
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  const std::int64_t seconds = unit == "s"   ? 1
                               : unit == "m" ? 60
                               : unit == "h" ? 3600
                               : unit == "d" ? 86400
                               : unit == "w" ? 7 * 86400
                                             : 0;
  if (error != std::errc() || number <= 0 || seconds == 0 || number > kMost / seconds) {
    return std::nullopt;
  }
  return std::chrono::seconds(number * seconds);
}

std::optional<std::string> CheckHalfLife(std::string_view text) {
  if (ParseHalfLife(text)) return std::nullopt;
  return "must be a time as in 12h, 30d or 2w (s, m, h, d, w)";
}

}  // namespace pgsluice::config
