#include "pgsluice/query/did_you_mean.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <tuple>

#include "pgsluice/json/writer.h"
#include "pgsluice/query/answer.h"
#include "pgsluice/query/hits.h"
#include "query/fold.h"
#include "query/places.h"

namespace pgsluice::query {

namespace {

using json::Value;

constexpr std::size_t kMostParts = 8, kMostFields = 6, kMostProposals = 10;

bool IsWord(const std::string& part) { return part.front() != '-' && part.front() != '"'; }

/// Returns the fields whose words may be proposed, without their weights.
std::vector<std::string> FieldsOf(const SearchInput& input) {
  const TextTools tools = input.tools.Or(input.schema.plan().config.search);
  std::vector<std::string> fields;
  for (const Place& place : PlacesOf(input.schema, input.request, *tools.search).recall) {
    for (const std::string& field : place.plain) {
      if (fields.size() < kMostFields) fields.push_back(field.substr(0, field.rfind('^')));
    }
  }
  return fields;
}

/// A word of the index. Its frequency is ignored, because it also counts hidden documents.
struct Close {
  double score = 0;
  std::string word;

  bool operator<(const Close& other) const {
    return std::tie(other.score, word) < std::tie(score, other.word);
  }
};

/// Adds the words that one suggester found for a single word.
void AddOptions(const Value& suggestion, const std::string& part, std::vector<Close>& close) {
  if (suggestion.items.size() != 1) return;  // The analyzer split it into several words.
  const Value* options = suggestion.items.front().Find("options");
  if (options == nullptr) return;
  for (const Value& option : options->items) {
    const Value* text = option.Find("text");
    const Value* score = option.Find("score");
    if (text == nullptr || score == nullptr) continue;
    if (Folded(text->text) == Folded(part)) continue;
    close.push_back({score->AsDouble().value_or(0), text->text});
  }
}

/// Returns the words close to each part, best first.
std::vector<std::vector<std::string>> CloseWords(const Value& suggestions,
                                                 const std::vector<std::string>& parts) {
  std::vector<std::vector<std::string>> words(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::vector<Close> close;
    for (std::size_t k = 0; k < kMostFields; ++k) {
      const Value* found = suggestions.Find(fmt::format("s{}_{}", i, k));
      if (found != nullptr) AddOptions(*found, parts[i], close);
    }
    std::sort(close.begin(), close.end());
    for (Close& one : close) {
      if (std::find(words[i].begin(), words[i].end(), one.word) == words[i].end()) {
        words[i].push_back(std::move(one.word));
      }
    }
  }
  return words;
}

class Proposer {
 public:
  Proposer(const std::vector<std::string>& parts, std::vector<std::int64_t> counts,
           std::vector<std::vector<std::string>> close)
      : parts_(parts), counts_(std::move(counts)), close_(std::move(close)) {}

  std::vector<std::string> Make() {
    const bool unknown =
        std::any_of(counts_.begin(), counts_.end(), [](std::int64_t count) { return count == 0; });
    if (unknown) {
      Add([&](std::size_t i) { return counts_[i] > 0 ? parts_[i] : CloseTo(i, 0); });
      Add([&](std::size_t i) { return counts_[i] > 0 ? parts_[i] : CloseTo(i, 1); });
      Add([&](std::size_t i) { return counts_[i] > 0 ? parts_[i] : CloseTo(i, 2); });
      Add([&](std::size_t i) { return counts_[i] > 0 ? parts_[i] : std::string(); });
      return std::move(made_);
    }
    // Each word is found, but no document has all of them.
    for (std::size_t at = 0; at < parts_.size(); ++at) {
      Add([&](std::size_t i) { return i == at ? CloseTo(i, 0) : parts_[i]; });
    }
    for (std::size_t at = parts_.size(); at-- > 0;) {
      Add([&](std::size_t i) { return i == at && IsWord(parts_[i]) ? "" : parts_[i]; });
    }
    return std::move(made_);
  }

 private:
  /// Returns the close word of this rank; empty if there is none, so that the word is left out.
  std::string CloseTo(std::size_t part, std::size_t rank) const {
    const auto& words = close_[part];
    return words.empty() ? "" : words[std::min(rank, words.size() - 1)];
  }

  template <typename WordAt>
  void Add(const WordAt& word_at) {
    std::string q;
    bool words = false, changed = false;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const std::string word = word_at(i);
      changed = changed || word != parts_[i];
      if (word.empty()) continue;
      words = words || word.front() != '-';
      q += (q.empty() ? "" : " ") + word;
    }
    const bool known = std::find(made_.begin(), made_.end(), q) != made_.end();
    if (words && changed && !known && made_.size() < kMostProposals) made_.push_back(std::move(q));
  }

  const std::vector<std::string>& parts_;
  std::vector<std::int64_t> counts_;
  std::vector<std::vector<std::string>> close_;
  std::vector<std::string> made_;
};

}  // namespace

std::string CountEachBody(const SearchInput& input, const std::vector<std::string>& queries) {
  SearchRequest request = input.request;
  request.q.clear();
  std::string body = CountBody({input.schema, request, input.allowed, false, {}, {}, input.tools});
  body.pop_back();
  std::string filters;
  for (const std::string& q : queries) {
    request.q = q;
    const std::string found = TextQuery(input.schema, request, input.tools);
    filters += (filters.empty() ? "" : ",") + (found.empty() ? R"({"match_all":{}})" : found);
  }
  return body + R"(,"size":0,"track_total_hits":false,"aggs":{"parts":{"filters":{"filters":[)" +
         filters + "]}}}}";
}

std::vector<std::int64_t> ReadCounts(std::string_view engine_answer) {
  const Value found = ParsePart(MemberOf(engine_answer, "aggregations"));
  const Value* buckets = found.Find({"parts", "buckets"});
  std::vector<std::int64_t> counts;
  if (buckets == nullptr) return counts;
  for (const Value& bucket : buckets->items) {
    const Value* count = bucket.Find("doc_count");
    counts.push_back(count == nullptr ? 0 : count->AsInt().value_or(0));
  }
  return counts;
}

std::vector<std::string> MisspeltParts(const std::string& q) {
  std::vector<std::string> parts = PartsOf(q);
  if (parts.size() > kMostParts) parts.clear();
  return parts;
}

std::string CloseWordsBody(const SearchInput& input, const std::vector<std::string>& parts) {
  const std::vector<std::string> fields = FieldsOf(input);
  std::string suggesters;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!IsWord(parts[i])) continue;
    for (std::size_t k = 0; k < fields.size(); ++k) {
      suggesters += fmt::format(
          R"({}"s{}_{}":{{"text":{},"term":{{"field":{},"suggest_mode":"always","max_edits":2,"prefix_length":0,"min_word_length":3,"size":10}}}})",
          suggesters.empty() ? "" : ",", i, k, json::Quote(parts[i]), json::Quote(fields[k]));
    }
  }
  std::string body = CountEachBody(input, parts);
  if (suggesters.empty()) return body;
  body.pop_back();
  return body + R"(,"suggest":{)" + suggesters + "}}";
}

std::vector<std::string> Proposals(std::string_view engine_answer,
                                   const std::vector<std::string>& parts) {
  std::vector<std::int64_t> counts = ReadCounts(engine_answer);
  if (counts.size() != parts.size()) return {};
  // Excluded words need not be found.
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].front() == '-') counts[i] = 1;
  }
  const std::string_view suggest = MemberOf(engine_answer, "suggest");
  const Value suggestions = suggest.empty() ? Value() : ParsePart(suggest);
  return Proposer(parts, std::move(counts), CloseWords(suggestions, parts)).Make();
}

}  // namespace pgsluice::query
