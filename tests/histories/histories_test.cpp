// Random histories. PGSLUICE_SEED repeats one, PGSLUICE_STEPS makes them longer.

#include <cstdlib>
#include <functional>
#include <iostream>

#include "histories/history.h"

namespace pgsluice::testing {
namespace {

class Histories : public History, public ::testing::WithParamInterface<int> {};

void RunSeeded(const std::function<void(unsigned, int)>& history) {
  const char* given = std::getenv("PGSLUICE_SEED");
  const char* length = std::getenv("PGSLUICE_STEPS");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                                         : std::random_device{}();
  std::cout << "PGSLUICE_SEED=" << seed << std::endl;
  history(seed, length != nullptr ? std::atoi(length) : 250);
}

TEST_P(Histories, IndexesEqualTablesAtTheEnd) {
  RunSeeded([this](unsigned seed, int steps) { RunHistory(seed, steps); });
}

class ChangingHistories : public History {};

TEST_F(ChangingHistories, IndexesEqualTablesAtTheEnd) {
  ChangeDefinitions();
  RunSeeded([this](unsigned seed, int steps) { RunHistory(seed, steps); });
}

// CI: a fixed number of histories, each a separate test, so that they run in parallel.
INSTANTIATE_TEST_SUITE_P(Random, Histories, ::testing::Range(0, 3));

}  // namespace
}  // namespace pgsluice::testing
