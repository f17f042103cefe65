#include "config/search_rules.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace pgsluice::config {

namespace {

using json::Value;

/// The engines limit the clauses of a query.
constexpr std::size_t kMostIds = 100;

const Value* At(const Value* list, std::size_t number) {
  return list == nullptr || number >= list->items.size() ? nullptr : &list->items[number];
}

class SearchRules {
 public:
  SearchRules(const Index& index, const Report& report) : index_(index), report_(report) {}

  void Check(const Value& search) {
    const std::string place = index_.place + ".search.";
    const Value* ranking = search.Find("ranking");
    for (std::size_t i = 0; i < index_.search.ranking.size(); ++i) {
      CheckRanking(fmt::format("{}ranking[{}]", place, i), At(ranking, i),
                   index_.search.ranking[i]);
    }
    const Value* rules = search.Find("rules");
    for (std::size_t i = 0; i < index_.search.rules.size(); ++i) {
      CheckRule(fmt::format("{}rules[{}]", place, i), At(rules, i), index_.search.rules[i]);
    }
  }

 private:
  void CheckRanking(const std::string& place, const Value* value, const Boost& boost) {
    const int kinds =
        int{!boost.field.empty()} + int{!boost.recency.empty()} + int{!boost.filter.empty()};
    if (kinds != 1) {
      report_(place, value,
              kinds == 0 ? "the entry does not say what to raise"
                         : "field, recency and filter exclude each other",
              kinds == 0 ? "name one of field, recency and filter"
                         : "make an entry of the list for each of them");
    }
    if (boost.modifier != "none" && boost.field.empty()) {
      report_(place + ".modifier", value, "a modifier has an effect on a field only",
              "remove it, or name a field");
    }
    if (!boost.recency.empty() && boost.half_life.empty()) {
      report_(place, value, "recency needs a half_life", "as in \"half_life\": \"30d\"");
    }
    if (boost.recency.empty() && !boost.half_life.empty()) {
      report_(place + ".half_life", value, "a half_life has an effect on recency only",
              "remove it, or name a date in recency");
    }
    CheckWeight(place, value, boost);
  }

  void CheckWeight(const std::string& place, const Value* value, const Boost& boost) {
    if (boost.weight > 0) return;
    report_(place + ".weight", value, "a weight of 0 has no effect",
            "remove the entry, or give it a weight above 0");
  }

  void CheckRule(const std::string& place, const Value* value, const Rule& rule) {
    if (rule.pin.empty() && rule.hide.empty() && rule.boost.empty() && rule.filter.empty()) {
      report_(place, value, "the rule does nothing",
              "give it one of pin, hide, boost and filter, or remove it");
    }
    for (std::size_t i = 0; i < rule.boost.size(); ++i) {
      const std::string boost = fmt::format("{}.boost[{}]", place, i);
      if (rule.boost[i].filter.empty()) {
        report_(boost, value, "\"filter\" is missing", R"(as in "filter": "brand = apple")");
      }
      CheckWeight(boost, value, rule.boost[i]);
    }
    CheckIds(place + ".pin", value, rule.pin);
    CheckIds(place + ".hide", value, rule.hide);
    for (const std::string& id : rule.pin) {
      if (std::find(rule.hide.begin(), rule.hide.end(), id) == rule.hide.end()) continue;
      report_(place + ".pin", value, fmt::format("document \"{}\" is pinned and hidden", id),
              "keep it in one of the two lists");
    }
  }

  void CheckIds(const std::string& place, const Value* value, const std::vector<std::string>& ids) {
    if (ids.size() > kMostIds) {
      report_(place, value, fmt::format("{} ids are more than {}", ids.size(), kMostIds),
              "use a filter for so many documents");
    }
    for (auto id = ids.begin(); id != ids.end(); ++id) {
      if (id->empty()) report_(place, value, "an id must not be empty", "");
      if (std::find(ids.begin(), id, *id) == id) continue;
      report_(place, value, fmt::format("document \"{}\" is named more than once", *id),
              "remove one of the two");
    }
  }

  const Index& index_;
  const Report& report_;
};

}  // namespace

void CheckSearchRules(const Index& index, const Value& value, const Report& report) {
  SearchRules(index, report).Check(value);
}

}  // namespace pgsluice::config
