#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/config/config.h"
#include "pgsluice/query/filter.h"
#include "pgsluice/query/schema.h"

namespace pgsluice::query {

/// What raises documents: the value of a number field, their age, or a filter that finds them.
struct Boost {
  enum class By { kField, kRecency, kFilter };
  By by = By::kFilter;
  std::string path;                   ///< kField, kRecency.
  std::string modifier;               ///< kField: the engines' name for it.
  std::chrono::seconds half_life{0};  ///< kRecency.
  std::string text;                   ///< kFilter: as written.
  Expr filter;                        ///< kFilter.
  double weight = 1;
  std::string rule;  ///< `q` of the rule that it belongs to; empty: it belongs to `search.ranking`.
};

/// Returns the boosts of `search.ranking` or of a rule; skips those that cannot be read.
std::vector<Boost> ReadBoosts(const std::vector<config::Boost>& configured);
/// Returns why a boost has no effect on an index, or nullopt. Throws Problem if a filter does not
/// fit.
std::optional<std::string> CheckBoost(const Boost& boost, const Schema& schema);

/// The effect of an index's rules on one search.
struct RuleEffect {
  std::vector<std::string> names;   ///< `q` of the rules.
  std::vector<std::string> pinned;  ///< Ids in their order, without hidden ones.
  std::vector<std::string> hidden;
  std::vector<Boost> boosts;
  std::vector<Expr> filters;

  bool empty() const { return names.empty(); }
};

/// The rules of an index. Immutable; created again when the configuration is reloaded.
class Rules {
 public:
  Rules() = default;
  explicit Rules(const config::Search& search);

  /// Returns the combined effect of all rules that match a query.
  RuleEffect For(const std::string& q) const;

 private:
  struct Rule {
    std::string words;  ///< Folded, between spaces.
    std::string match;
    RuleEffect effect;
  };
  std::vector<Rule> rules_;
};

/// Returns whether a rule with these words can match any query.
bool HasWords(std::string_view text);

/// What changes the order of a search in addition to its own words. Pointers may be null.
struct Tuning {
  const std::vector<Boost>* ranking = nullptr;
  const RuleEffect* rules = nullptr;
  /// The time from which ages are counted; the same on every page of a cursor.
  std::int64_t now_ms = 0;

  bool HasBoosts() const;
  /// Returns whether ages count, so that the same search may have another order later.
  bool HasAges() const;
  std::vector<Boost> Boosts() const;
};

}  // namespace pgsluice::query
