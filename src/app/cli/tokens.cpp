#include "app/cli/tokens.h"

#include <algorithm>

namespace pgsluice::app {

Token ReadToken(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {{}, text};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::vector<Token> ReadTokens(const std::string& text) {
  std::vector<Token> tokens;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    tokens.push_back(ReadToken(text.substr(begin, comma - begin)));
    begin = comma + 1;
  }
  return tokens;
}

}  // namespace pgsluice::app
