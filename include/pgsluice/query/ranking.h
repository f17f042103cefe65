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

/// What lifts documents: a number of theirs, their age, or that a filter finds them.
struct Boost {
  enum class By { kField, kRecency, kFilter };
  By by = By::kFilter;
  std::string path;                   ///< kField, kRecency.
  std::string modifier;               ///< kField: as the engines name it.
  std::chrono::seconds half_life{0};  ///< kRecency.
  std::string text;                   ///< kFilter: as it is written.
  Expr filter;                        ///< kFilter.
  double weight = 1;
  std::string rule;  ///< `q` of the rule it belongs to; empty: of `search.ranking`.
};

/// The boosts of `search.ranking` or of a rule that can be read; others are left out.
std::vector<Boost> ReadBoosts(const std::vector<config::Boost>& configured);
/// Why a boost has no effect on an index, or nothing. Throws Problem of a filter that does not fit.
std::optional<std::string> CheckBoost(const Boost& boost, const Schema& schema);

/// What the rules of an index do to one search.
struct RuleEffect {
  std::vector<std::string> names;   ///< `q` of the rules.
  std::vector<std::string> pinned;  ///< Ids in their order, without those that are hidden.
  std::vector<std::string> hidden;
  std::vector<Boost> boosts;
  std::vector<Expr> filters;

  bool empty() const { return names.empty(); }
};

/// The rules of an index. Immutable; made anew when the configuration is read again.
class Rules {
 public:
  Rules() = default;
  explicit Rules(const config::Search& search);

  /// Those that concern a query, all together.
  RuleEffect For(const std::string& q) const;

 private:
  struct Rule {
    std::string words;  ///< Folded, between spaces.
    std::string match;
    RuleEffect effect;
  };
  std::vector<Rule> rules_;
};

/// Whether a rule with these words can concern any query.
bool HasWords(std::string_view text);

/// What changes the order of a search beside its own words. Pointers may be null.
struct Tuning {
  const std::vector<Boost>* ranking = nullptr;
  const RuleEffect* rules = nullptr;
  std::int64_t now_ms = 0;  ///< What ages are counted from; the same on every page of a cursor.

  bool HasBoosts() const;
  /// Whether ages count, so that a later search may have another order.
  bool HasAges() const;
  std::vector<Boost> Boosts() const;
};

}  // namespace pgsluice::query
