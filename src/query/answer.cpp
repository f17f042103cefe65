#include "pgsluice/query/answer.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/json/writer.h"
#include "pgsluice/query/distinct.h"
#include "pgsluice/query/problem.h"
#include "query/explanation.h"
#include "query/json_cursor.h"
#include "query/sort_body.h"

namespace pgsluice::query {

namespace {

[[noreturn]] void Unreadable() {
  throw Problem(502, "engine_error", "the search engine's answer could not be read");
}

/// Returns a member that has to be a number, as the engine wrote it.
const std::string& NumberOf(const json::Value* value) {
  if (value == nullptr || !value->IsNumber()) Unreadable();
  return value->text;
}

}  // namespace

json::Value ParsePart(std::string_view text) {
  try {
    return json::Parse(text);
  } catch (const Error&) {
    Unreadable();
  }
}

bool AllAnswered(const json::Value& shards) {
  const json::Value* total = shards.Find("total");
  const json::Value* successful = shards.Find("successful");
  return total == nullptr || successful == nullptr || total->text == successful->text;
}

namespace {

/// One hit as the engine wrote it; JSON, empty if the member is missing.
struct HitParts {
  std::string_view id, score = "null", document, sort, highlight, fields, explanation, matched;

  void Take(std::string_view name, std::string_view value) {
    if (name == "_id") id = value;
    if (name == "_score") score = value;
    if (name == "sort") sort = value;
    if (name == "highlight") highlight = value;
    if (name == "fields") fields = value;
    if (name == "_explanation") explanation = value;
    if (name == "matched_queries") matched = value;
  }
};

/// Appends hits in the form of our answers.
class HitWriter {
 public:
  HitWriter(std::string& out, const SearchInput& input, const Projection& projection)
      : out_(out),
        input_(input),
        projection_(projection),
        distance_(DistanceOf(input)),
        pins_(PlaceOfPins(input)) {}

  /// Appends a hit and returns its sort values. Every engine writes id and score before the
  /// document, so the document, which is most of the answer, is scanned only once.
  std::string_view Append(JsonCursor& cursor) const {
    std::string_view name;
    HitParts parts;
    bool document = false;
    if (!cursor.Enter('{')) Unreadable();
    while (cursor.NextMember(name)) {
      if (name != "_source" || parts.id.empty()) {
        parts.Take(name, cursor.Skip());
        continue;
      }
      out_.append(R"({"id":)").append(parts.id).append(R"(,"score":)").append(Score(parts));
      out_ += R"(,"document":)";
      Document(cursor, parts);
      document = true;
    }
    if (!document) Unreadable();
    if (!parts.highlight.empty()) out_.append(R"(,"highlight":)").append(parts.highlight);
    if (distance_) out_ += R"(,"distance_m":)" + distance_->Json(parts.sort);
    if (IsPinned(parts)) out_ += R"(,"pinned":true)";
    if (input_.groups != nullptr) {
      out_ += R"(,"group":)";
      input_.groups->Append(out_, parts.fields);
    }
    if (input_.request.explain) Explain(parts);
    if (input_.request.with_sort) {
      out_.append(R"(,"sort":)").append(parts.sort.empty() ? "[]" : parts.sort);
    }
    out_ += '}';
    return parts.sort;
  }

 private:
  void Document(JsonCursor& cursor, HitParts& parts) const {
    if (!input_.request.explain) return projection_.Append(out_, cursor);
    parts.document = cursor.Skip();
    projection_.Append(out_, parts.document);
  }

  bool IsPinned(const HitParts& parts) const {
    if (pins_ == PinPlace::kNone) return false;
    const std::vector<std::string>& pinned = input_.tuning.rules->pinned;
    return std::find(pinned.begin(), pinned.end(), ParsePart(parts.id).text) != pinned.end();
  }

  /// Returns the score; null for scores that only put pinned documents first.
  std::string_view Score(const HitParts& parts) const {
    if (pins_ == PinPlace::kAhead) return "null";
    return pins_ == PinPlace::kScore && IsPinned(parts) ? "null" : parts.score;
  }

  void Explain(const HitParts& parts) const {
    const ExplainedHit hit{ParsePart(parts.id).text, ParsePart(parts.score).AsDouble().value_or(0),
                           parts.explanation, parts.matched, parts.document};
    out_ += R"(,"explanation":)" + ExplanationJson(input_, hit);
  }

  std::string& out_;
  const SearchInput& input_;
  const Projection& projection_;
  std::optional<DistanceKey> distance_;
  PinPlace pins_;
};

class SearchAnswer {
 public:
  SearchAnswer(std::string& out, const SearchInput& input, const Projection& projection)
      : out_(out), input_(input), hit_(out, input, projection) {}

  AnswerFacts Read(std::string_view answer) {
    JsonCursor cursor(answer);
    std::string_view name;
    if (!cursor.Enter('{')) Unreadable();
    while (cursor.NextMember(name)) {
      if (name == "hits" && cursor.Peek() == '{') {
        Hits(cursor);
        continue;
      }
      const std::string_view value = cursor.Skip();
      if (name == "took") facts_.engine_ms = ParsePart(value).AsInt().value_or(0);
      if (name == "timed_out") facts_.partial = facts_.partial || value == "true";
      if (name == "_shards") Shards(value);
      if (name == "aggregations") aggregations_ = value;
    }
    if (!seen_) Unreadable();
    out_ += R"(,"total":)";
    Total();
    facts_.hits = count_;
    Facets();
    if (count_ > 0 && count_ >= static_cast<std::size_t>(PerPage(input_))) {
      facts_.last_sort = last_sort_;
    }
    return facts_;
  }

 private:
  void Hits(JsonCursor& cursor) {
    std::string_view name;
    cursor.Enter('{');
    while (cursor.NextMember(name)) {
      if (name == "hits" && cursor.Enter('[')) {
        seen_ = true;
        out_ += R"("hits":[)";
        while (cursor.NextItem()) {
          if (count_++ > 0) out_ += ',';
          last_sort_ = hit_.Append(cursor);
        }
        out_ += ']';
        continue;
      }
      const std::string_view value = cursor.Skip();
      if (name == "total") total_ = value;
    }
  }

  void Total() {
    if (input_.groups != nullptr && input_.request.count != SearchRequest::Count::kNone) {
      facts_.counted = true;
      facts_.total = input_.groups->total();
      out_ += fmt::format(R"({{"value":{},"relation":"{}"}})", facts_.total,
                          input_.groups->exact() ? "eq" : "gte");
      return;
    }
    if (total_.empty() || input_.groups != nullptr) {
      out_ += "null";
      return;
    }
    const json::Value total = ParsePart(total_);
    const json::Value* relation = total.Find("relation");
    const json::Value* value = total.Find("value");
    facts_.counted = true;
    facts_.total = value == nullptr ? 0 : value->AsInt().value_or(0);
    const bool exact = relation == nullptr || relation->text != "gte";
    out_ += R"({"value":)" + NumberOf(total.Find("value")) +
            (exact ? R"(,"relation":"eq"})" : R"(,"relation":"gte"})");
  }

  void Shards(std::string_view value) {
    const json::Value shards = ParsePart(value);
    facts_.partial = facts_.partial || !AllAnswered(shards);
  }

  void Facets() {
    out_ += R"(,"facets":{)";
    if (!aggregations_.empty()) {
      const json::Value aggregations = ParsePart(aggregations_);
      bool first = true;
      for (std::size_t i = 0; i < input_.request.facets.size(); ++i) {
        const Facet& asked = input_.request.facets[i];
        const json::Value* facet = aggregations.Find("f" + std::to_string(i));
        if (facet == nullptr) continue;
        if (!first) out_ += ',';
        first = false;
        json::AppendString(out_, asked.path);
        out_ += ':' + FacetJson(*facet, *input_.schema.Find(asked.path), asked);
      }
    }
    out_ += '}';
  }

  std::string& out_;
  const SearchInput& input_;
  HitWriter hit_;
  AnswerFacts facts_;
  std::string_view total_, aggregations_, last_sort_;
  std::size_t count_ = 0;
  bool seen_ = false;
};

}  // namespace

AnswerFacts AppendAnswer(std::string& out, std::string_view engine_answer, const SearchInput& input,
                         const Projection& projection) {
  return SearchAnswer(out, input, projection).Read(engine_answer);
}

}  // namespace pgsluice::query
