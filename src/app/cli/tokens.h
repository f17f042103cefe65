#pragma once

#include <string>
#include <vector>

namespace pgsluice::app {

/// A number that one database gave, such as a position or the id of a dead letter.
struct Token {
  std::string database;  ///< Empty: not said.
  std::string number;    ///< As it was written.
};

/// "shop:48213", or "48213".
Token ReadToken(const std::string& text);
/// "shop:48213,crm:77": what a position of several databases looks like.
std::vector<Token> ReadTokens(const std::string& text);

}  // namespace pgsluice::app
