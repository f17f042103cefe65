// Trees of tables in the shapes of tests/data/shapes equal handwritten SQL after random changes of
// every table while two processes run. PGSLUICE_TEST_SEED repeats a run, PGSLUICE_TEST_TRANSACTIONS
// makes it longer.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <set>

#include "support/blocks.h"
#include "support/tree_fixture.h"

namespace pgsluice::testing {
namespace {

class Shapes : public TreeTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void Load(unsigned seed) {
    std::string tables, configuration;
    for (const Block& block : BlocksOf(std::string("tests/data/shapes/") + GetParam() + ".md")) {
      if (block.info == "sql") {
        tables = block.text;
      } else if (block.info == "json") {
        configuration = block.text;
      } else {
        oracles_.push_back(block);
      }
    }
    StartBoth(tables, configuration, seed);
  }

  void ExpectAll(const std::string& after) {
    SCOPED_TRACE("after " + after);
    for (const Block& oracle : oracles_) {
      const std::string index = oracle.info.substr(4);
      ExpectIndex(index, oracle.text);
      if (!Documents(index).empty()) filled_.insert(index);
    }
  }

  std::vector<Block> oracles_;
  std::set<std::string> filled_;  ///< Indexes that had documents at some check.
};

int Given(const char* variable, int otherwise) {
  const char* given = std::getenv(variable);
  return given == nullptr ? otherwise : std::atoi(given);
}

TEST_P(Shapes, EqualTheirOracles) {
  const int seed = Given("PGSLUICE_TEST_SEED", static_cast<int>(std::random_device{}() >> 1U));
  std::cout << "PGSLUICE_TEST_SEED=" << seed << std::endl;
  Load(static_cast<unsigned>(seed));
  ExpectAll("the first fill");
  EXPECT_EQ(oracles_.size(), config_.indexes.size());
  for (int left = Given("PGSLUICE_TEST_TRANSACTIONS", 200); left > 0; left -= 100) {
    ChangeAndKill(100);
    ExpectAll("changes");
  }
  EXPECT_EQ(filled_.size(), oracles_.size()) << "an index that is always empty proves nothing";
  TellStory();
}

INSTANTIATE_TEST_SUITE_P(OfTheExamples, Shapes,
                         ::testing::Values("airbnb", "ancestry", "book", "book_view", "node",
                                           "quiz", "rental", "social", "through",
                                           "through_schemas"),
                         [](const auto& shape) { return std::string(shape.param); });

}  // namespace
}  // namespace pgsluice::testing
