// Random trees of embeds over random schemas equal naive SQL after random changes of every table,
// while two processes run and one of them is killed. PGSLUICE_SEED repeats a run, PGSLUICE_SCHEMAS
// makes more: PGSLUICE_SCHEMAS=300 histories_tests --gtest_filter='*Trees*'

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "support/random_trees.h"
#include "support/tree_fixture.h"

namespace pgsluice::testing {
namespace {

class Trees : public TreeTest, public ::testing::WithParamInterface<int> {
 protected:
  static std::vector<LooseReference> LooseReferences(const RandomSchema& schema) {
    std::vector<LooseReference> loose;
    for (const RandomSchema::Table& table : schema.tables()) {
      if (table.view_of != RandomSchema::kNone) continue;
      for (const RandomSchema::Reference& reference : table.references) {
        const RandomSchema::Table& target = schema.tables()[reference.target];
        if (reference.enforced) continue;
        loose.push_back({table.name, {Quoted(reference.columns), target.name, Quoted(target.key)}});
      }
    }
    return loose;
  }

  void ExpectAll(const RandomTrees& trees, const std::string& after) {
    SCOPED_TRACE("after " + after);
    for (const auto& [index, oracle] : trees.oracles()) ExpectIndex(index, oracle);
  }
};

TEST_P(Trees, EqualNaiveSql) {
  const char* given = std::getenv("PGSLUICE_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                                         : std::random_device{}();
  std::cout << "PGSLUICE_SEED=" << seed << std::endl;
  const RandomTrees trees(seed);
  StartBoth(trees.schema().Sql(), trees.configuration(), seed, LooseReferences(trees.schema()));
  ExpectAll(trees, "the first fill");
  ChangeAndKill(60);
  ExpectAll(trees, "changes");
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.dead_letter"), "0");
  TellStory();
  if (!HasFailure()) return;
  ADD_FAILURE() << "PGSLUICE_SEED=" << seed << " repeats it\n"
                << trees.schema().Sql() << trees.configuration();
  for (const auto& [index, oracle] : trees.oracles()) ADD_FAILURE() << index << ": " << oracle;
}

int Schemas() {
  const char* given = std::getenv("PGSLUICE_SCHEMAS");
  return given == nullptr ? 25 : std::atoi(given);
}

INSTANTIATE_TEST_SUITE_P(Random, Trees, ::testing::Range(0, Schemas()));

}  // namespace
}  // namespace pgsluice::testing
