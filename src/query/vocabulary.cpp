#include "pgsluice/query/vocabulary.h"

#include <algorithm>

#include "pgsluice/config/words.h"
#include "query/fold.h"

namespace pgsluice::query {

Vocabulary::Vocabulary(const config::Search& search)
    : has_stop_words_(search.stop_words.has_value()) {
  if (search.stop_words) {
    for (const std::string& word : *search.stop_words) stop_words_.insert(Folded(word));
  }
  for (const std::string& text : search.synonyms) {
    const auto line = config::ParseSynonyms(text);
    if (!line) continue;
    for (const std::string& from : line->from) {
      Entry entry{FoldedWords(from), {}};
      for (const std::string& to : line->to) {
        if (to != from) entry.texts.push_back(to);
      }
      if (entry.words.empty() || entry.texts.empty()) continue;
      const std::string first = entry.words.front();
      synonyms_.emplace(first, std::move(entry));
    }
  }
}

std::vector<Vocabulary::Expansion> Vocabulary::Expand(const std::vector<std::string>& words,
                                                      bool typos) const {
  std::vector<Expansion> found;
  for (std::size_t at = 0; at < words.size() && !synonyms_.empty(); ++at) {
    const auto [begin, end] = synonyms_.equal_range(words[at]);
    for (auto entry = begin; entry != end; ++entry) {
      const std::vector<std::string>& from = entry->second.words;
      if (from.size() > words.size() - at) continue;
      const auto here = words.begin() + static_cast<std::ptrdiff_t>(at);
      if (!std::equal(from.begin(), from.end(), here)) continue;
      found.push_back({at, from.size(), entry->second.texts});
    }
    if (begin == end && typos) Misspelt(words[at], at, found);
  }
  return found;
}

void Vocabulary::Misspelt(const std::string& word, std::size_t at,
                          std::vector<Expansion>& found) const {
  const std::vector<char32_t> letters = Characters(word);
  const bool digits = word.find_first_of("0123456789") != std::string::npos;
  if (letters.size() < 4 || digits) return;
  for (const auto& [first, entry] : synonyms_) {
    if (entry.words.size() > 1 || !IsOneTypoApart(letters, Characters(first))) continue;
    found.push_back({at, 1, entry.texts});
    // The intended word is searched as well, whatever the engine makes of the typo.
    found.back().texts.push_back(first);
  }
}

std::optional<bool> Vocabulary::IsStopWord(const std::string& word) const {
  if (!has_stop_words_) return std::nullopt;
  return stop_words_.contains(word);
}

}  // namespace pgsluice::query
