#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pgsluice/config/config.h"

namespace pgsluice::query {

/// The synonyms and stop words in the configuration of an index. Immutable; created again when the
/// configuration is reloaded, so that changes apply without a reindex.
class Vocabulary {
 public:
  Vocabulary() = default;
  explicit Vocabulary(const config::Search& search);

  /// Texts that a run of words also finds.
  struct Expansion {
    std::size_t first = 0, count = 0;  ///< Which words of the query.
    std::vector<std::string> texts;
  };
  /// Returns the synonyms that begin with a word. `words` are folded; `typos`: a single word may
  /// also be one letter off.
  std::vector<Expansion> Expand(const std::vector<std::string>& words, bool typos) const;

  /// Returns whether a folded word is optional; nullopt: the language decides.
  std::optional<bool> IsStopWord(const std::string& word) const;

 private:
  struct Entry {
    std::vector<std::string> words;  ///< Folded.
    std::vector<std::string> texts;
  };
  void Misspelt(const std::string& word, std::size_t at, std::vector<Expansion>& found) const;

  std::multimap<std::string, Entry> synonyms_;  ///< By the first word.
  bool has_stop_words_ = false;
  std::set<std::string> stop_words_;
};

}  // namespace pgsluice::query
