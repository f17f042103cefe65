#include "pgsluice/plan/unsearchable.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <set>

#include "pgsluice/base/error.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "plan/index/longest_term.h"
#include "plan/tree/fields.h"

namespace pgsluice::plan {

namespace {

constexpr std::string_view kRaw = "__raw:";

/// Returns whether a string of the JSON text is longer than `longest` bytes.
bool HasLongString(std::string_view json, std::size_t longest) {
  if (json.size() <= longest) return false;
  for (std::size_t begin = json.find('"'); begin != std::string_view::npos;) {
    std::size_t end = begin + 1;
    while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2U : 1U;
    if (end - begin > longest) return true;
    begin = end < json.size() ? json.find('"', end + 1) : std::string_view::npos;
  }
  return false;
}

/// Returns the length in UTF-16 units, as the engines count it.
std::size_t Length(std::string_view utf8) {
  std::size_t length = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    length += (byte & 0xC0U) == 0x80U ? 0U : byte >= 0xF0U ? 2U : 1U;
  }
  return length;
}

bool HasLonger(const json::Value& value, std::size_t longest) {
  if (value.IsString()) return value.text.size() > longest && Length(value.text) > longest;
  if (value.IsArray()) {
    return std::any_of(value.items.begin(), value.items.end(),
                       [&](const json::Value& item) { return HasLonger(item, longest); });
  }
  return std::any_of(value.members.begin(), value.members.end(),
                     [&](const auto& member) { return HasLonger(member.second, longest); });
}

class Search {
 public:
  Search(const Plan& plan, bool opensearch) : plan_(plan), opensearch_(opensearch) {}

  std::set<std::string> In(const json::Value& document) {
    Look(document, plan_.fields);
    return std::move(paths_);
  }

 private:
  void Look(const json::Value& object, const std::vector<Field>& fields) {
    for (const json::Value& item : object.items) Look(item, fields);
    for (const auto& [name, value] : object.members) {
      const bool raw = name.starts_with(kRaw);
      const std::string_view plain = std::string_view(name).substr(raw ? kRaw.size() : 0);
      const auto field = std::find_if(fields.begin(), fields.end(),
                                      [&](const Field& one) { return one.name == plain; });
      if (field == fields.end()) continue;
      if (field->kind == Kind::kObject) {
        Look(value, field->fields);
      } else if (raw || IsTooLong(*field, value)) {
        paths_.insert(field->path);
      }
    }
  }

  bool IsTooLong(const Field& field, const json::Value& value) const {
    const auto longest = LongestTerm(plan_.config, field, opensearch_);
    return longest && HasLonger(value, *longest);
  }

  const Plan& plan_;
  const bool opensearch_;
  std::set<std::string> paths_;
};

std::size_t ShortestOf(const std::vector<Field>& fields, const config::Index& index,
                       bool opensearch) {
  std::size_t shortest = std::string_view::npos;
  for (const Field& field : fields) {
    const auto longest = LongestTerm(index, field, opensearch);
    shortest = std::min({shortest, longest.value_or(std::string_view::npos),
                         ShortestOf(field.fields, index, opensearch)});
  }
  return shortest;
}

std::optional<std::size_t> NumberOf(const json::Value* value) {
  const auto number = value == nullptr ? std::nullopt : value->AsInt();
  return number && *number >= 0 ? std::optional(static_cast<std::size_t>(*number)) : std::nullopt;
}

}  // namespace

std::optional<std::size_t> LongestTerm(const config::Index& index, const Field& field,
                                       bool opensearch) {
  if (field.unindexed && field.no_values) return std::nullopt;  // It cannot be searched anyway.
  std::optional<std::size_t> longest;
  if (field.kind == Kind::kText || field.engine_type == "keyword") longest = kLongestTerm;
  if (field.kind == Kind::kJson && !opensearch) longest = kLongestJsonTerm;
  const json::Value* definition = OverrideOf(index, field.path);
  if (!longest || definition == nullptr) return longest;
  const json::Value* wanted = field.kind == Kind::kText
                                  ? definition->Find({"fields", "keyword", "ignore_above"})
                                  : definition->Find("ignore_above");
  const auto given = NumberOf(wanted);
  return given ? given : longest;
}

Unsearchable::Unsearchable(const Plan& plan, bool opensearch)
    : plan_(plan),
      opensearch_(opensearch),
      shortest_(ShortestOf(plan.fields, plan.config, opensearch)) {}

std::optional<std::string> Unsearchable::Mark(std::string_view document) const {
  const bool raw = document.find("\"__raw:") != std::string_view::npos;
  if (!raw && !HasLongString(document, shortest_)) return std::nullopt;
  std::set<std::string> paths;
  try {
    paths = Search(plan_, opensearch_).In(json::Parse(document));
  } catch (const Error&) {
    return std::nullopt;  // The engine reports what is wrong with it.
  }
  if (paths.empty() || document.back() != '}') return std::nullopt;
  std::string marked(document.substr(0, document.size() - 1));
  marked += ",\"" + std::string(kField) + "\":[";
  for (const std::string& path : paths) {
    if (marked.back() != '[') marked += ',';
    json::AppendString(marked, path);
  }
  return marked + "]}";
}

}  // namespace pgsluice::plan
