#pragma once

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/random_schema.h"

namespace pgsluice::testing {

/// Random indexes over a random schema: trees of embeds up to four levels deep. Each index has an
/// oracle: simple SQL without regard to speed, with a correlated subquery per embed.
class RandomTrees {
 public:
  explicit RandomTrees(unsigned seed, int indexes = 2);

  const RandomSchema& schema() const { return schema_; }
  /// The text of pgsluice.json.
  const std::string& configuration() const { return configuration_; }
  /// Index and query: columns id and document.
  const std::vector<std::pair<std::string, std::string>>& oracles() const { return oracles_; }

 private:
  using Table = RandomSchema::Table;
  /// Two tables whose columns belong together.
  struct Edge {
    std::size_t from = 0, to = 0;
    std::vector<std::string> above, here;
    bool only_key = false;  ///< The only foreign key between the two.
  };
  /// What a table contributes: members of the configuration and of the document.
  struct Level {
    std::vector<std::string> settings, document;
    std::vector<std::string> computed;  ///< SQL of columns that the oracle's rows have besides.
  };
  struct Order {
    std::string setting, sql;  ///< Empty, or an SQL list.
  };

  void FindEdges();
  std::string Root(const Table& table, std::string& oracle);
  /// Returns the value of an embed in the configuration; its document goes to `oracle`.
  std::string Embed(std::size_t parent, const std::string& alias, int depth, int steps,
                    std::string& oracle);
  std::vector<Edge> Walk(std::size_t parent, int steps);
  std::string Join(const std::vector<Edge>& walk, const std::string& parent,
                   const std::string& alias, const std::string& rows) const;
  std::string Way(const std::vector<Edge>& walk);
  bool IsMany(const std::vector<Edge>& walk) const;
  Level Columns(const Table& table, const std::string& alias, const std::string& own);
  void Embeds(std::size_t table, const std::string& alias, int depth, int steps, Level& level);
  std::string Condition(const Table& table, const std::string& own);
  std::string Predicate(const RandomSchema::Column& column, const std::string& name);
  std::string OrderBy(const Table& table);
  /// Returns the rows of a table that meet the condition, with their rank.
  std::string Rows(const Table& table, const std::string& own, const std::string& where,
                   const std::string& order_by, const std::vector<std::string>& computed) const;
  std::string Sources(const Table& view) const;
  std::string Name() { return "e" + std::to_string(++names_); }
  int Random(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  bool Chance(int percent) { return Random(100) < percent; }

  std::mt19937 random_;
  RandomSchema schema_;
  std::vector<Edge> edges_;
  int names_ = 0, left_ = 0;
  std::string configuration_;
  std::vector<std::pair<std::string, std::string>> oracles_;
};

}  // namespace pgsluice::testing
