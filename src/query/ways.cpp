#include "query/ways.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "pgsluice/json/writer.h"
#include "query/fold.h"

namespace pgsluice::query {

namespace {

constexpr std::size_t kClauses = 800;  ///< The engines refuse a query with more than 1024.
constexpr std::size_t kShortestBeginning = 4;
constexpr std::size_t kShortestPart = 3, kShortestSplit = 7, kLongestSplit = 20;

std::string Phrases(const std::vector<std::string>& fields, const std::string& text,
                    const char* type, double boost) {
  return Match(fields, text, fmt::format(R"(,"type":"{}","boost":{})", type, boost));
}

/// Splits "title^3" into path and weight.
std::pair<std::string, double> PathAndWeight(const std::string& field) {
  const std::size_t caret = field.rfind('^');
  if (caret == std::string::npos) return {field, 1};
  return {field.substr(0, caret), std::stod(field.substr(caret + 1))};
}

/// Returns only the letters and digits.
std::string Compact(const std::string& text) {
  std::string out;
  for (const std::string& word : FoldedWords(text)) out += word;
  return out;
}

}  // namespace

std::string Match(const std::vector<std::string>& fields, const std::string& text,
                  const std::string& options) {
  std::string names = "[";
  for (const std::string& field : fields) {
    if (names.size() > 1) names += ',';
    json::AppendString(names, field);
  }
  return fmt::format(R"({{"multi_match":{{"query":{},"fields":{}]{}}}}})", json::Quote(text), names,
                     options);
}

std::string Within(const Place& place, const std::string& query) {
  if (place.nested_path.empty()) return query;
  return fmt::format(R"({{"nested":{{"path":{},"score_mode":"max","query":{}}}}})",
                     json::Quote(place.nested_path), query);
}

std::string BestOf(const std::vector<std::string>& ways) {
  if (ways.empty()) return R"({"match_none":{}})";
  if (ways.size() == 1) return ways.front();
  return fmt::format(R"({{"dis_max":{{"queries":[{}]}}}})", fmt::join(ways, ","));
}

Ways::Ways(const std::vector<Place>& places, std::size_t words, const SearchRequest& request)
    : places_(places), request_(request) {
  for (const Place& place : places) fields_ += place.size();
  const std::size_t uses = std::max<std::size_t>(fields_ * words * 2, 1);
  expansions_ = static_cast<int>(std::clamp<std::size_t>(kClauses / uses, 1, 50));
}

std::vector<std::string> Ways::Written(const Word& word, bool unfinished) const {
  std::vector<std::string> all;
  for (const Place& place : places_) {
    std::vector<std::string> ways;
    if (place.identifiers) {
      AddIdentifiers(place, word, unfinished, ways);
    } else if (word.tokens.size() > 1) {
      AddCompound(place, word, unfinished, ways);
    } else {
      AddSingle(place, word, unfinished, ways);
    }
    if (!ways.empty()) all.push_back(Within(place, BestOf(ways)));
  }
  return all;
}

std::vector<std::string> Ways::Phrase(const std::string& text) const {
  std::vector<std::string> ways;
  for (const Place& place : places_) {
    const auto& fields = place.identifiers ? place.parts : place.All();
    ways.push_back(Within(place, Phrases(fields, text, "phrase", 1)));
  }
  return ways;
}

std::vector<std::string> Ways::Joined(const std::string& text) const {
  std::vector<std::string> ways;
  for (const Place& place : places_) {
    const auto& fields = place.identifiers ? place.parts : place.plain;
    ways.push_back(Within(place, Phrases(fields, text, "phrase", 0.8)));
  }
  return ways;
}

std::vector<std::string> Ways::Foreign(const Word& word) const {
  std::vector<std::string> ways;
  for (const Place& place : places_) {
    if (place.analyzer.empty()) continue;
    ways.push_back(Within(place, Match(place.own, word.text, R"(,"operator":"and")")));
  }
  return ways;
}

std::string Ways::Exact(const Word& word) const {
  if (word.tokens.size() != 1) return BestOf(Phrase(word.text));
  std::vector<std::string> ways;
  for (const Place& place : places_) {
    const auto& fields = place.identifiers ? place.parts : place.All();
    const char* how = place.identifiers ? R"(,"type":"phrase")" : R"(,"operator":"and")";
    ways.push_back(Within(place, Match(fields, word.text, how)));
  }
  return BestOf(ways);
}

void Ways::AddIdentifiers(const Place& place, const Word& word, bool unfinished,
                          std::vector<std::string>& ways) const {
  ways.push_back(Phrases(place.parts, word.text, "phrase", 3));
  if (unfinished) ways.push_back(Phrases(place.parts, word.text, "phrase_prefix", 1));
  const std::string compact = Compact(word.text);
  if (compact.size() < kShortestPart) return;
  for (const std::string& field : place.joined) {
    const auto [path, weight] = PathAndWeight(field);
    ways.push_back(fmt::format(R"({{"prefix":{{{}:{{"value":{},"boost":{}}}}}}})",
                               json::Quote(path), json::Quote(compact), 2 * weight));
  }
}

void Ways::AddSingle(const Place& place, const Word& word, bool unfinished,
                     std::vector<std::string>& ways) const {
  ways.push_back(Match(place.All(), word.text, R"(,"operator":"and")"));
  // With a language analyzer, most short words are complete: "fox" does not mean "foxglove".
  if (!place.analyzer.empty() && CountCharacters(word.text) < kShortestBeginning) {
    unfinished = false;
  }
  if (unfinished && !place.analyzer.empty()) {
    ways.push_back(
        Match(place.own, word.text, R"(,"type":"bool_prefix","operator":"and","boost":0.1)"));
  }
  if (word.tokens.empty()) return;
  const std::string& token = word.tokens.front().text;
  if (unfinished) AddBeginning(place, token, ways);
  if (IsCode(token)) return;
  AddTypos(place, word, ways);
  AddSplits(place, token, ways);
}

/// Adds everything that begins with a token, rare words and short fields first. The engines score a
/// beginning only by its most likely endings, so a second query finds the others.
void Ways::AddBeginning(const Place& place, const std::string& token,
                        std::vector<std::string>& ways) const {
  const int scored = std::max(expansions_, 5);
  for (const std::string& field : place.plain) {
    const auto [path, weight] = PathAndWeight(field);
    const std::string name = json::Quote(path), value = json::Quote(token);
    ways.push_back(fmt::format(R"({{"prefix":{{{}:{{"value":{},"boost":{}}}}}}})", name, value,
                               0.01 * weight));
    ways.push_back(fmt::format(
        R"({{"prefix":{{{}:{{"value":{},"boost":{},"rewrite":"top_terms_blended_freqs_{}"}}}}}})",
        name, value, 0.5 * weight, scored));
  }
}

int Ways::Typos(std::size_t characters) const {
  if (request_.typos >= 0) return request_.typos;
  return characters < 4 ? 0 : characters < 8 ? 1 : 2;
}

void Ways::AddTypos(const Place& place, const Word& word, std::vector<std::string>& ways) const {
  const std::size_t characters = CountCharacters(word.tokens.front().text);
  const int typos = Typos(characters);
  const auto fuzzy = [&](const std::vector<std::string>& fields, int distance, int prefix,
                         double boost) {
    ways.push_back(Match(
        fields, word.text,
        fmt::format(
            R"(,"operator":"and","fuzziness":"{}","prefix_length":{},"max_expansions":{},"boost":{})",
            distance, prefix, expansions_, boost)));
  };
  // Few words are this short, and many differ only in their first letter: book, cook, look.
  if (typos >= 1) fuzzy(place.All(), 1, characters >= 5 ? 0 : 1, 0.15);
  if (typos >= 2) fuzzy(place.plain, 2, 1, 0.05);
}

/// Adds "noise cancelling" for "noisecancelling", for each position where a space may be missing.
void Ways::AddSplits(const Place& place, const std::string& token,
                     std::vector<std::string>& ways) const {
  const std::vector<char32_t> letters = Characters(token);
  if (request_.typos == 0 || letters.size() < kShortestSplit || letters.size() > kLongestSplit) {
    return;
  }
  if (fields_ > 12 || expansions_ < 10) return;
  if (std::any_of(letters.begin(), letters.end(), [](char32_t c) { return c >= 0x530; })) return;
  for (std::size_t at = kShortestPart; at + kShortestPart <= letters.size(); ++at) {
    const auto middle = letters.begin() + static_cast<std::ptrdiff_t>(at);
    const std::string words =
        ToUtf8({letters.begin(), middle}) + " " + ToUtf8({middle, letters.end()});
    ways.push_back(Phrases(place.plain, words, "phrase", 0.1));
  }
}

void Ways::AddCompound(const Place& place, const Word& word, bool unfinished,
                       std::vector<std::string>& ways) const {
  ways.push_back(Phrases(place.All(), word.text, "phrase", 1));
  if (unfinished) ways.push_back(Phrases(place.plain, word.text, "phrase_prefix", 0.3));
  std::string joined, steps;
  bool code = false;
  std::size_t longest = 0;
  for (const Term& token : word.tokens) {
    code = code || IsCode(token.text);
    joined += token.text;
    longest = std::max(longest, CountCharacters(token.text));
  }
  ways.push_back(Match(place.plain, joined, R"(,"operator":"and","boost":0.8)"));
  if (code || Typos(longest) == 0 || expansions_ < 10) return;
  for (const Term& token : word.tokens) {
    if (!steps.empty()) steps += ',';
    const int typos = std::min(Typos(CountCharacters(token.text)), 2);
    steps += fmt::format(R"({{"fuzzy":{{"term":{},"fuzziness":"{}","prefix_length":1}}}})",
                         json::Quote(token.text), typos);
  }
  for (const std::string& field : place.ordered) {
    const auto [path, weight] = PathAndWeight(field);
    ways.push_back(fmt::format(
        R"({{"intervals":{{{}:{{"boost":{},"all_of":{{"ordered":true,"max_gaps":0,"intervals":[{}]}}}}}}}})",
        json::Quote(path), 0.1 * weight, steps));
  }
}

}  // namespace pgsluice::query
