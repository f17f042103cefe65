#pragma once

#include <string>
#include <vector>

#include "pgsluice/query/analysis.h"
#include "pgsluice/query/search_body.h"

namespace pgsluice::query {

/// A word of `q`, or a phrase in double quotes, with its tokens.
struct Word {
  std::string text;
  bool phrase = false;
  bool excluded = false;
  std::vector<Term> tokens;  ///< From our own analyzer.
  /// Per analyzer that was asked: whether it removes the word completely.
  std::vector<bool> empty_in;
  bool optional = false;  ///< A stop word.
  bool nothing = false;   ///< All analyzers remove it, so it never excludes anything.

  bool IsPlain() const { return !phrase && !excluded && !nothing; }
};

/// Splits `q` at white space: words, "phrases" and -exclusions.
std::vector<Word> SplitWords(const std::string& q);

/// Reads the words of `q` with these analyzers; an empty name is our own one. `language` is the
/// analyzer whose stop words are optional; empty: none.
std::vector<Word> ReadWords(const std::string& q, const std::vector<std::string>& analyzers,
                            const std::string& language, const TextTools& tools);

/// Returns whether a token is a number, a code or a file name, which are compared without typos.
bool IsCode(const std::string& token);

}  // namespace pgsluice::query
