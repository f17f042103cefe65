#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "support/paths.h"

namespace pgsluice::testing {

/// A fenced block of a Markdown page.
struct Block {
  std::string info;  ///< The text after the opening fence.
  std::string text;
  int line = 0;  ///< Of the opening fence.
};

/// The blocks of a page of the repository.
inline std::vector<Block> BlocksOf(const std::string& page) {
  std::ifstream in(testing::SourceFile("/" + page));
  std::vector<Block> blocks;
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.rfind("```", 0) == 0) {
      inside = !inside;
      if (inside) blocks.push_back({line.substr(3), "", number});
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  return blocks;
}

}  // namespace pgsluice::testing
