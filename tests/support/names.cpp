#include "support/names.h"

#include <fstream>
#include <stdexcept>

#include "pgsluice/json/value.h"
#include "support/paths.h"

namespace pgsluice::testing {

std::vector<std::string> OddNames() {
  std::ifstream file(testing::SourceFile("/tests/data/names.txt"));
  std::vector<std::string> names;
  for (std::string line; std::getline(file, line);) names.push_back(json::Parse(line).text);
  if (names.empty()) throw std::runtime_error("tests/data/names.txt is empty or missing");
  return names;
}

}  // namespace pgsluice::testing
