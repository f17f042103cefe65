// Random histories. PGSLUICE_SEED repeats one, PGSLUICE_STEPS makes them longer.

#include <cstdlib>
#include <iostream>

#include "histories/history.h"

namespace pgsluice::testing {
namespace {

class Histories : public History, public ::testing::WithParamInterface<int> {};

TEST_P(Histories, IndexesEqualTablesAtTheEnd) {
  const char* given = std::getenv("PGSLUICE_SEED");
  const char* length = std::getenv("PGSLUICE_STEPS");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                                         : std::random_device{}();
  std::cout << "PGSLUICE_SEED=" << seed << std::endl;
  RunHistory(seed, length != nullptr ? std::atoi(length) : 250);
}

// CI: a fixed number of histories, each a test of its own, so that they run beside each other.
INSTANTIATE_TEST_SUITE_P(Random, Histories, ::testing::Range(0, 3));

}  // namespace
}  // namespace pgsluice::testing
