#pragma once

#include <string>
#include <vector>

#include "query/places.h"
#include "query/words.h"

namespace pgsluice::query {

/// Returns a query over fields. `options` are further members: R"(,"boost":2)".
std::string Match(const std::vector<std::string>& fields, const std::string& text,
                  const std::string& options);
/// Wraps a query in the nested path of a place.
std::string Within(const Place& place, const std::string& query);
/// Returns the best of several queries; without any, a query that finds nothing.
std::string BestOf(const std::vector<std::string>& ways);

/// The ways in which one word can match, best first: as it is, as a beginning, with one typo, as
/// two words, with two typos. Their boosts keep this order, which docs/api.md describes.
class Ways {
 public:
  /// `words`: the number of words in the query. The more there are, the fewer variants of each are
  /// tried, because the engines limit the clauses of a query.
  Ways(const std::vector<Place>& places, std::size_t words, const SearchRequest& request);

  /// A word without spaces or quotes. `unfinished`: words that begin with it match, too.
  std::vector<std::string> Written(const Word& word, bool unfinished) const;
  /// All words of a text next to each other.
  std::vector<std::string> Phrase(const std::string& text) const;
  /// Two words written as one.
  std::vector<std::string> Joined(const std::string& text) const;
  /// The whole word in the form of analyzers other than ours.
  std::vector<std::string> Foreign(const Word& word) const;
  /// Without typos and beginnings.
  std::string Exact(const Word& word) const;

 private:
  void AddIdentifiers(const Place& place, const Word& word, bool unfinished,
                      std::vector<std::string>& ways) const;
  void AddSingle(const Place& place, const Word& word, bool unfinished,
                 std::vector<std::string>& ways) const;
  void AddCompound(const Place& place, const Word& word, bool unfinished,
                   std::vector<std::string>& ways) const;
  void AddBeginning(const Place& place, const std::string& token,
                    std::vector<std::string>& ways) const;
  void AddTypos(const Place& place, const Word& word, std::vector<std::string>& ways) const;
  void AddSplits(const Place& place, const std::string& token,
                 std::vector<std::string>& ways) const;
  /// Returns how many typos a token with this many characters may have.
  int Typos(std::size_t characters) const;

  const std::vector<Place>& places_;
  const SearchRequest& request_;
  std::size_t fields_ = 0;
  int expansions_ = 50;
};

}  // namespace pgsluice::query
