#include "query/words.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "pgsluice/query/vocabulary.h"
#include "query/fold.h"

namespace pgsluice::query {

namespace {

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

/// Replaces spaces and quotation marks of other alphabets by the ones that are parsed.
std::string WithPlainMarks(std::string q) {
  static constexpr std::array<std::pair<std::string_view, char>, 5> kMarks = {
      std::pair{std::string_view("\u3000"), ' '}, std::pair{std::string_view("\u00A0"), ' '},
      std::pair{std::string_view("\u201C"), '"'}, std::pair{std::string_view("\u201D"), '"'},
      std::pair{std::string_view("\u201E"), '"'}};
  for (const auto& [mark, plain] : kMarks) {
    for (std::size_t at = 0; (at = q.find(mark, at)) != std::string::npos; ++at) {
      q.replace(at, mark.size(), 1, plain);
    }
  }
  return q;
}

/// Fills in the tokens of our own analyzer. Asks the engine only about words that need it.
void ReadTokens(std::vector<Word>& words, const TextTools& tools) {
  std::vector<std::string> asked;
  for (Word& word : words) {
    if (AsciiAnalysis::IsEnoughFor(word.text)) {
      word.tokens = AsciiAnalysis().Tokens("", {word.text}).front();
    } else {
      asked.push_back(word.text);
    }
  }
  if (asked.empty()) return;
  auto tokens = tools.analysis->Tokens("", asked);
  std::size_t next = 0;
  for (Word& word : words) {
    if (AsciiAnalysis::IsEnoughFor(word.text) || next >= tokens.size()) continue;
    word.tokens = std::move(tokens[next++]);
  }
}

/// Returns for each word whether an analyzer removes it completely.
std::vector<bool> Empty(const std::vector<Word>& words, const std::string& analyzer,
                        const TextTools& tools) {
  std::vector<bool> empty;
  if (analyzer.empty()) {
    for (const Word& word : words) empty.push_back(word.tokens.empty());
    return empty;
  }
  std::vector<std::string> texts;
  for (const Word& word : words) texts.push_back(word.text);
  for (const auto& tokens : tools.analysis->Tokens(analyzer, texts)) {
    empty.push_back(tokens.empty());
  }
  empty.resize(words.size());
  return empty;
}

}  // namespace

std::vector<Word> SplitWords(const std::string& text) {
  const std::string q = WithPlainMarks(text);
  std::vector<Word> words;
  std::size_t at = 0;
  while (at < q.size()) {
    if (IsSpace(q[at])) {
      ++at;
      continue;
    }
    Word word;
    if (q[at] == '-' && at + 1 < q.size() && !IsSpace(q[at + 1])) {
      word.excluded = true;
      ++at;
    }
    word.phrase = q[at] == '"';
    std::size_t end = word.phrase ? ++at : at;
    while (end < q.size() && (word.phrase ? q[end] != '"' : !IsSpace(q[end]))) ++end;
    word.text = q.substr(at, end - at);
    at = end + 1;
    if (!word.text.empty()) words.push_back(std::move(word));
  }
  return words;
}

std::vector<std::string> PartsOf(const std::string& q) {
  std::vector<std::string> parts;
  for (const Word& word : SplitWords(q)) {
    const std::string mark = word.phrase ? "\"" : "";
    parts.push_back((word.excluded ? "-" : "") + mark + word.text + mark);
  }
  return parts;
}

std::vector<Word> ReadWords(const std::string& q, const std::vector<std::string>& analyzers,
                            const std::string& language, const TextTools& tools) {
  std::vector<Word> words = SplitWords(q);
  ReadTokens(words, tools);
  for (const std::string& analyzer : analyzers) {
    const std::vector<bool> empty = Empty(words, analyzer, tools);
    for (std::size_t i = 0; i < words.size(); ++i) words[i].empty_in.push_back(empty[i]);
  }
  std::vector<bool> stops(words.size());
  if (!language.empty()) stops = Empty(words, language, tools);
  for (std::size_t i = 0; i < words.size(); ++i) {
    Word& word = words[i];
    const auto listed = tools.vocabulary->IsStopWord(Folded(word.text));
    word.optional = !word.phrase && listed.value_or(stops[i]);
    word.nothing =
        std::all_of(word.empty_in.begin(), word.empty_in.end(), [](bool e) { return e; });
  }
  // If a query has only stop words, they are what it looks for.
  const bool only_stops = std::none_of(words.begin(), words.end(), [](const Word& word) {
    return !word.excluded && !word.nothing && !word.optional;
  });
  for (Word& word : words) {
    if (!only_stops || word.excluded) continue;
    word.optional = false;
    if (word.nothing) word.nothing = word.tokens.empty();
  }
  return words;
}

bool IsCode(const std::string& token) {
  const std::vector<char32_t> characters = Characters(token);
  return std::any_of(characters.begin(), characters.end(), [](char32_t c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '\'';
    if (c < 0x80) return !letter;
    return (c >= 0x660 && c <= 0x669) || (c >= 0x6F0 && c <= 0x6F9) || (c >= 0x966 && c <= 0x96F) ||
           (c >= 0xFF10 && c <= 0xFF19);
  });
}

}  // namespace pgsluice::query
