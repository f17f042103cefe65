#pragma once

#include <string>
#include <vector>

namespace pgsluice::app {

/// A number from one database, such as a position or the id of a dead letter.
struct Token {
  std::string database;  ///< Empty: not given.
  std::string number;    ///< As it was written.
};

/// Reads "shop:48213" or "48213".
Token ReadToken(const std::string& text);
/// Reads "shop:48213,crm:77", the form of a position in several databases.
std::vector<Token> ReadTokens(const std::string& text);

}  // namespace pgsluice::app
