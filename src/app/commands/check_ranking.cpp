#include "app/commands/check_ranking.h"

#include <spdlog/fmt/fmt.h>

#include "pgsluice/query/filter_dsl.h"
#include "pgsluice/query/problem.h"
#include "pgsluice/query/ranking.h"

namespace pgsluice::app {

namespace {

constexpr const char* kFilterHint = "a condition like the parameter \"filter\": brand = apple";

/// Calls `see` for each boost, with its place in the configuration.
void ForEachBoost(const config::Index& index,
                  const std::function<void(const std::string&, const config::Boost&)>& see) {
  const std::string place = fmt::format("indexes.{}.search", index.name);
  for (std::size_t i = 0; i < index.search.ranking.size(); ++i) {
    see(fmt::format("{}.ranking[{}]", place, i), index.search.ranking[i]);
  }
  for (std::size_t i = 0; i < index.search.rules.size(); ++i) {
    const auto& boosts = index.search.rules[i].boost;
    for (std::size_t k = 0; k < boosts.size(); ++k) {
      see(fmt::format("{}.rules[{}].boost[{}]", place, i, k), boosts[k]);
    }
  }
}

/// Calls `see` for each rule, with its place in the configuration.
void ForEachRule(const config::Index& index,
                 const std::function<void(const std::string&, const config::Rule&)>& see) {
  for (std::size_t i = 0; i < index.search.rules.size(); ++i) {
    see(fmt::format("indexes.{}.search.rules[{}]", index.name, i), index.search.rules[i]);
  }
}

bool CanBeRead(const std::string& filter) {
  try {
    query::ParseFilter(filter);
    return true;
  } catch (const query::Problem&) {
    return false;
  }
}

void CheckText(const std::string& place, const std::string& filter, const ReportMistake& report) {
  try {
    query::ParseFilter(filter);
  } catch (const query::Problem& problem) {
    report(place, problem.what(), kFilterHint);
  }
}

}  // namespace

void CheckRankingTexts(const config::Index& index, const ReportMistake& report) {
  ForEachBoost(index, [&](const std::string& place, const config::Boost& boost) {
    CheckText(place + ".filter", boost.filter, report);
  });
  ForEachRule(index, [&](const std::string& place, const config::Rule& rule) {
    CheckText(place + ".filter", rule.filter, report);
    if (query::HasWords(rule.q)) return;
    report(place + ".q", fmt::format("'{}' has no words to compare with a query", rule.q),
           "write the words that people search for");
  });
}

void CheckRankingFields(const config::Index& index, const query::Schema& schema,
                        const ReportMistake& report) {
  ForEachBoost(index, [&](const std::string& place, const config::Boost& configured) {
    const std::string member = !configured.field.empty()     ? ".field"
                               : !configured.recency.empty() ? ".recency"
                                                             : ".filter";
    for (const query::Boost& boost : query::ReadBoosts({configured})) {
      try {
        const auto wrong = query::CheckBoost(boost, schema);
        if (wrong) report(place + member, *wrong, "the entry has no effect as it is");
      } catch (const query::Problem& problem) {
        report(place + member, problem.what(), "the entry has no effect as it is");
      }
    }
  });
  ForEachRule(index, [&](const std::string& place, const config::Rule& rule) {
    if (!CanBeRead(rule.filter)) return;  // Already reported by the check without fields.
    try {
      query::TranslateFilter(query::ParseFilter(rule.filter), schema, "rule");
    } catch (const query::Problem& problem) {
      report(place + ".filter", problem.what(), "searches that the rule concerns find nothing");
    }
  });
}

}  // namespace pgsluice::app
