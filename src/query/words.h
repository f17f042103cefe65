#pragma once

#include <string>
#include <vector>

#include "pgsluice/query/analysis.h"
#include "pgsluice/query/search_body.h"

namespace pgsluice::query {

/// A word of `q`, or a phrase in double quotes, with what the analyzers make of it.
struct Word {
  std::string text;
  bool phrase = false;
  bool excluded = false;
  std::vector<Term> tokens;    ///< As our own analyzer has it.
  std::vector<bool> empty_in;  ///< Per analyzer that was asked: whether nothing is left of it.
  bool optional = false;       ///< A stop word.
  bool nothing = false;        ///< Analysed to nothing everywhere: it never excludes anything.

  bool IsPlain() const { return !phrase && !excluded && !nothing; }
};

/// Splits `q` at white space: words, "phrases" and -exclusions.
std::vector<Word> SplitWords(const std::string& q);

/// The words of `q` as `analyzers` have them. An empty name among these is our own analyzer.
/// `language` is the analyzer whose stop words need not match; empty: there is none.
std::vector<Word> ReadWords(const std::string& q, const std::vector<std::string>& analyzers,
                            const std::string& language, const TextTools& tools);

/// Whether a token is a number, a code or a file name: compared without typos.
bool IsCode(const std::string& token);

}  // namespace pgsluice::query
