#include "pgsluice/query/ranking.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/config/words.h"
#include "pgsluice/query/filter_dsl.h"
#include "pgsluice/query/problem.h"
#include "query/fold.h"
#include "query/words.h"

namespace pgsluice::query {

namespace {

Boost::By KindOf(const config::Boost& boost) {
  if (!boost.field.empty()) return Boost::By::kField;
  return boost.recency.empty() ? Boost::By::kFilter : Boost::By::kRecency;
}

/// Returns words in the form in which they are compared with a query: " iphone 15 ".
std::string Spaced(const std::vector<std::string>& words) {
  std::string out = " ";
  for (const std::string& word : words) out += word + " ";
  return out;
}

/// Returns whether a text is in a script that is written without spaces.
bool IsSpaceless(const std::string& text) {
  const std::vector<char32_t> letters = Characters(text);
  return std::any_of(letters.begin(), letters.end(), [](char32_t c) { return c >= 0x2E80; });
}

void Append(std::vector<std::string>& to, const std::vector<std::string>& from) {
  for (const std::string& item : from) {
    if (std::find(to.begin(), to.end(), item) == to.end()) to.push_back(item);
  }
}

bool Concerns(const std::string& rule, const std::string& match, const std::string& query) {
  if (match == "exact") return query == rule;
  // In a script without spaces, a word ends where the rule ends.
  const std::string wanted = IsSpaceless(rule) ? rule.substr(1, rule.size() - 2) : rule;
  if (match == "contains") return query.find(wanted) != std::string::npos;
  return query.compare(wanted == rule ? 0 : 1, wanted.size(), wanted) == 0;
}

}  // namespace

std::vector<Boost> ReadBoosts(const std::vector<config::Boost>& configured) {
  std::vector<Boost> boosts;
  for (const config::Boost& from : configured) {
    Boost boost;
    boost.by = KindOf(from);
    boost.path = boost.by == Boost::By::kField ? from.field : from.recency;
    boost.modifier = from.modifier;
    boost.half_life = config::ParseHalfLife(from.half_life).value_or(std::chrono::seconds(0));
    boost.text = from.filter;
    boost.weight = from.weight;
    try {
      boost.filter = ParseFilter(from.filter);
    } catch (const Problem&) {
      continue;
    }
    boosts.push_back(std::move(boost));
  }
  return boosts;
}

std::optional<std::string> CheckBoost(const Boost& boost, const Schema& schema) {
  using plan::Kind;
  if (boost.by == Boost::By::kFilter) {
    TranslateFilter(boost.filter, schema);
    return std::nullopt;
  }
  const Resolved found = schema.Resolve(boost.path, nullptr);
  if (found.field == nullptr) return schema.Unknown(boost.path, nullptr);
  const plan::Field& field = *found.field;
  const bool date = field.kind == Kind::kDate;
  const bool number = field.kind == Kind::kInteger || field.kind == Kind::kDecimal;
  if (found.json_value || (boost.by == Boost::By::kField ? !number : !date)) {
    return fmt::format("'{}' ({}) is not {}", boost.path, field.pg_type,
                       boost.by == Boost::By::kField ? "a number" : "a date or time");
  }
  if (found.many) {
    return fmt::format("'{}' has several values in a document; embed an aggregate of them",
                       boost.path);
  }
  if (field.unindexed || field.no_values) {
    return fmt::format("the mapping of '{}' leaves out what ranking needs", boost.path);
  }
  return std::nullopt;
}

Rules::Rules(const config::Search& search) {
  for (const config::Rule& from : search.rules) {
    Rule rule;
    rule.words = Spaced(FoldedWords(from.q));
    rule.match = from.match;
    rule.effect = {{from.q}, from.pin, from.hide, ReadBoosts(from.boost), {}};
    for (Boost& boost : rule.effect.boosts) boost.rule = from.q;
    if (!from.filter.empty()) {
      try {
        rule.effect.filters.push_back(ParseFilter(from.filter));
      } catch (const Problem&) {
        Expr nothing;
        nothing.kind = Expr::Kind::kOr;  // Of no parts: never true.
        rule.effect.filters.push_back(nothing);
      }
    }
    if (HasWords(from.q)) rules_.push_back(std::move(rule));
  }
}

RuleEffect Rules::For(const std::string& q) const {
  RuleEffect all;
  if (rules_.empty()) return all;
  std::string text;
  bool excluded = false;
  for (const Word& word : SplitWords(q)) {
    excluded = excluded || word.excluded;
    if (!word.excluded) text += word.text + " ";
  }
  const std::string words = Spaced(FoldedWords(text));
  for (const Rule& rule : rules_) {
    if (excluded && rule.match == "exact") continue;
    if (!Concerns(rule.words, rule.match, words)) continue;
    const RuleEffect& one = rule.effect;
    Append(all.names, one.names);
    Append(all.pinned, one.pinned);
    Append(all.hidden, one.hidden);
    all.boosts.insert(all.boosts.end(), one.boosts.begin(), one.boosts.end());
    all.filters.insert(all.filters.end(), one.filters.begin(), one.filters.end());
  }
  std::erase_if(all.pinned, [&](const std::string& id) {
    return std::find(all.hidden.begin(), all.hidden.end(), id) != all.hidden.end();
  });
  return all;
}

bool HasWords(std::string_view text) { return !FoldedWords(text).empty(); }

bool Tuning::HasBoosts() const {
  return (ranking != nullptr && !ranking->empty()) || (rules != nullptr && !rules->boosts.empty());
}

std::vector<Boost> Tuning::Boosts() const {
  std::vector<Boost> all;
  if (ranking != nullptr) all = *ranking;
  if (rules != nullptr) all.insert(all.end(), rules->boosts.begin(), rules->boosts.end());
  return all;
}

bool Tuning::HasAges() const {
  return ranking != nullptr &&
         std::any_of(ranking->begin(), ranking->end(),
                     [](const Boost& boost) { return boost.by == Boost::By::kRecency; });
}

}  // namespace pgsluice::query
