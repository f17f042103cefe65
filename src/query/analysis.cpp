#include "pgsluice/query/analysis.h"

#include <algorithm>

#include "query/fold.h"

namespace pgsluice::query {

std::vector<std::vector<Term>> AsciiAnalysis::Tokens(const std::string& /*analyzer*/,
                                                     const std::vector<std::string>& texts) const {
  std::vector<std::vector<Term>> all;
  for (const std::string& text : texts) {
    std::vector<Term>& tokens = all.emplace_back();
    for (std::string& word : FoldedWords(text)) tokens.push_back({std::move(word)});
  }
  return all;
}

bool AsciiAnalysis::IsEnoughFor(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

}  // namespace pgsluice::query
