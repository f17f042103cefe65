#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/json/writer.h"
#include "pgsluice/plan/text_rules.h"
#include "pgsluice/query/search_body.h"
#include "pgsluice/query/vocabulary.h"
#include "query/fold.h"
#include "query/places.h"
#include "query/ways.h"
#include "query/words.h"

namespace pgsluice::query {

namespace {

/// Combines clauses so that enough of them must match.
std::string Required(const std::vector<std::string>& clauses, SearchRequest::Match match) {
  if (match == SearchRequest::Match::kAll) {
    return fmt::format(R"("must":[{}])", fmt::join(clauses, ","));
  }
  return fmt::format(R"("must":[{{"bool":{{"minimum_should_match":"{}","should":[{}]}}}}])",
                     match == SearchRequest::Match::kAny ? "1" : "2<75%", fmt::join(clauses, ","));
}

class TextBuilder {
 public:
  TextBuilder(const Schema& schema, const SearchRequest& request, const TextTools& tools)
      : request_(request),
        tools_(tools),
        places_(PlacesOf(schema, request, *tools.search)),
        words_(ReadWords(request.q, Analyzers(),
                         plan::LanguageAnalyzer(schema.plan().config.search.language), tools)),
        ways_(places_.recall, words_.size(), request) {}

  std::string Build() {
    if (words_.empty()) return "";
    FindAlternatives();
    std::vector<std::string> clauses, excluded;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const Word& word = words_[i];
      if (word.excluded && !word.nothing) excluded.push_back(ways_.Exact(word));
      if (word.excluded || word.nothing || word.optional) continue;
      for (std::string& clause : Clauses(i)) clauses.push_back(std::move(clause));
    }
    std::string out = R"({"bool":{)";
    out += clauses.empty() ? R"("must":[{"match_all":{}}])" : Required(clauses, request_.match);
    const std::vector<std::string> ranking = Ranking();
    if (!clauses.empty() && !ranking.empty()) {
      out += fmt::format(R"(,"should":[{}])", fmt::join(ranking, ","));
    }
    if (!excluded.empty()) out += fmt::format(R"(,"must_not":[{}])", fmt::join(excluded, ","));
    return out + "}}";
  }

 private:
  std::vector<std::string> Analyzers() {
    for (const Place& place : places_.recall) {
      const auto known = std::find(analyzers_.begin(), analyzers_.end(), place.analyzer);
      if (known == analyzers_.end()) analyzers_.push_back(place.analyzer);
    }
    return analyzers_;
  }

  /// Returns whether the last word may not be typed completely yet.
  bool IsUnfinished(std::size_t at) const {
    for (std::size_t i = at + 1; i < words_.size(); ++i) {
      if (!words_[i].nothing) return false;
    }
    return request_.prefix;
  }

  /// Returns a clause per word, or per pair of characters in a script without spaces.
  std::vector<std::string> Clauses(std::size_t at) const {
    const Word& word = words_[at];
    std::vector<std::string> others = alternatives_[at];
    for (std::string& way : WhereItIsNothing(at)) others.push_back(std::move(way));
    std::vector<std::string> clauses;
    if (word.phrase) return {AllWays(ways_.Phrase(word.text), others)};
    const bool spaceless = std::any_of(word.tokens.begin(), word.tokens.end(),
                                       [](const Term& token) { return token.ideograph; });
    if (!spaceless) return {AllWays(ways_.Written(word, IsUnfinished(at)), others)};
    for (std::string& way : ways_.Foreign(word)) others.push_back(std::move(way));
    for (const std::string& piece : Pieces(word.tokens)) {
      clauses.push_back(AllWays(ways_.Phrase(piece), others));
    }
    return clauses;
  }

  /// Pairs neighbouring characters, so that their order counts; other tokens stay as they are.
  static std::vector<std::string> Pieces(const std::vector<Term>& tokens) {
    std::vector<std::string> pieces;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const bool follows =
          i > 0 && tokens[i - 1].ideograph && tokens[i].ideograph && tokens[i].glued;
      const bool leads = i + 1 < tokens.size() && tokens[i].ideograph && tokens[i + 1].ideograph &&
                         tokens[i + 1].glued;
      if (follows) pieces.push_back(tokens[i - 1].text + tokens[i].text);
      if (!follows && !leads) pieces.push_back(tokens[i].text);
    }
    return pieces;
  }

  /// Makes a stop word of one field's language optional if the other words are found there.
  std::vector<std::string> WhereItIsNothing(std::size_t at) const {
    std::string rest;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (i != at && words_[i].IsPlain() && !words_[i].optional) rest += words_[i].text + " ";
    }
    std::vector<std::string> ways;
    for (std::size_t i = 0; i < analyzers_.size() && !rest.empty(); ++i) {
      if (!words_[at].empty_in[i]) continue;
      for (const Place& place : places_.recall) {
        if (place.analyzer != analyzers_[i] || place.identifiers) continue;
        ways.push_back(R"({"constant_score":{"boost":0,"filter":)" +
                       Within(place, Match(place.own, rest, "")) + "}}");
      }
    }
    return ways;
  }

  void FindAlternatives() {
    alternatives_.resize(words_.size());
    FindSynonyms();
    // "smart phone" finds "smartphone".
    for (std::size_t i = 0; i + 1 < words_.size(); ++i) {
      if (!CanJoin(words_[i]) || !CanJoin(words_[i + 1])) continue;
      for (const std::string& way : ways_.Joined(words_[i].text + words_[i + 1].text)) {
        alternatives_[i].push_back(way);
        alternatives_[i + 1].push_back(way);
      }
    }
  }

  static bool CanJoin(const Word& word) {
    return word.IsPlain() && word.tokens.size() == 1 && !word.tokens.front().ideograph;
  }

  void FindSynonyms() {
    std::vector<std::string> tokens;
    std::vector<std::size_t> word_of;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (!words_[i].IsPlain()) continue;
      for (std::string& part : FoldedWords(words_[i].text)) {
        tokens.push_back(std::move(part));
        word_of.push_back(i);
      }
    }
    for (const auto& found : tools_.vocabulary->Expand(tokens, request_.typos != 0)) {
      const std::size_t last = found.first + found.count - 1;
      const bool begins = found.first == 0 || word_of[found.first - 1] != word_of[found.first];
      const bool ends = last + 1 == tokens.size() || word_of[last + 1] != word_of[last];
      if (!begins || !ends) continue;
      for (const std::string& text : found.texts) {
        for (const std::string& way : ways_.Phrase(text)) {
          for (std::size_t i = word_of[found.first]; i <= word_of[last]; ++i) {
            alternatives_[i].push_back(way);
          }
        }
      }
    }
  }

  static std::string AllWays(std::vector<std::string> ways,
                             const std::vector<std::string>& others) {
    ways.insert(ways.end(), others.begin(), others.end());
    return BestOf(ways);
  }

  /// Returns clauses that put fields with more weight first, and adjacent words before scattered
  /// ones.
  std::vector<std::string> Ranking() const {
    std::string text;
    std::size_t tokens = 0;
    for (const Word& word : words_) {
      if (word.excluded || word.nothing) continue;
      if (!text.empty()) text += ' ';
      text += word.text;
      tokens += std::max<std::size_t>(word.tokens.size(), 1);
    }
    std::vector<std::string> ranking;
    for (const Place& place : places_.ranking) {
      if (place.identifiers || text.empty()) continue;
      ranking.push_back(Within(place, Match(place.All(), text, R"(,"boost":2,"tie_breaker":0.3)")));
      if (tokens < 2) continue;
      ranking.push_back(Within(place, Match(place.All(), text, R"(,"type":"phrase","boost":2)")));
    }
    return ranking;
  }

  const SearchRequest& request_;
  const TextTools& tools_;
  std::vector<std::string> analyzers_;
  Places places_;
  std::vector<Word> words_;
  Ways ways_;
  std::vector<std::vector<std::string>> alternatives_;  // Per word.
};

}  // namespace

TextTools TextTools::Or(const config::Search& configured) const {
  static const Vocabulary kNoWords;
  static const AsciiAnalysis kAscii;
  return {search == nullptr ? &configured : search, vocabulary == nullptr ? &kNoWords : vocabulary,
          analysis == nullptr ? &kAscii : analysis};
}

std::string TextQuery(const Schema& schema, const SearchRequest& request, const TextTools& tools) {
  const TextTools all = tools.Or(schema.plan().config.search);
  return TextBuilder(schema, request, all).Build();
}

}  // namespace pgsluice::query
