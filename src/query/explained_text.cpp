#include "query/explained_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string_view>

#include "pgsluice/plan/text_rules.h"
#include "query/fold.h"
#include "query/words.h"

namespace pgsluice::query {

namespace {

using json::Value;

std::string_view TextOf(const Value& node) {
  const Value* text = node.Find("description");
  return text == nullptr ? std::string_view() : std::string_view(text->text);
}

double ScoreOf(const Value& node) {
  const Value* value = node.Find("value");
  return value == nullptr ? 0 : value->AsDouble().value_or(0);
}

const std::vector<Value>& DetailsOf(const Value& node) {
  static const std::vector<Value> kNone;
  const Value* details = node.Find("details");
  return details == nullptr ? kNone : details->items;
}

const Value* Best(const std::vector<Value>& nodes) {
  const auto best =
      std::max_element(nodes.begin(), nodes.end(),
                       [](const Value& a, const Value& b) { return ScoreOf(a) < ScoreOf(b); });
  return best == nodes.end() ? nullptr : &*best;
}

/// Returns the text between `head` and the last `tail`.
std::string_view Between(std::string_view text, std::string_view head, std::string_view tail) {
  text.remove_prefix(head.size());
  return text.substr(0, std::min(text.rfind(tail), text.size()));
}

class TextExplainer {
 public:
  explicit TextExplainer(const SearchInput& input) : input_(input) {
    for (const Word& word : SplitWords(input.request.q)) {
      if (word.excluded) continue;
      for (std::string& token : FoldedWords(word.text)) tokens_.push_back(std::move(token));
    }
  }

  /// Walks over the explanation; `share` is the part of the node's score that counts.
  void Walk(const Value& node, double share) {
    const std::string_view text = TextOf(node);
    const std::vector<Value>& details = DetailsOf(node);
    const bool filter = std::any_of(details.begin(), details.end(), [](const Value& detail) {
      return TextOf(detail) == "# clause";
    });
    if (filter) return;
    if (text.starts_with("weight(")) {
      Add(Between(text, "weight(", " in "), ScoreOf(node) * share);
    } else if (text.starts_with("ConstantScore(")) {
      Add(Between(text, "ConstantScore(", ")"), ScoreOf(node) * share);
    } else if (text.starts_with("max ")) {
      // With a tie-breaker, the other details add a little to the best one.
      const Value* best = Best(details);
      if (best == nullptr || ScoreOf(*best) <= 0) return;
      Walk(*best, share * ScoreOf(node) / ScoreOf(*best));
    } else if (text.starts_with("sum of") && !details.empty()) {
      for (const Value& detail : details) Walk(detail, share);
    } else if (!details.empty() && text.find(':') != std::string_view::npos) {
      WalkFirst(node, details.front(), share);
    } else {
      Add(text, ScoreOf(node) * share);
    }
  }

  /// Returns what was found, each with all fields in which it was found.
  std::vector<ScorePart> Parts() {
    // The copy of all texts names the field less exactly than the field itself.
    for (Found& copy : found_) {
      if (copy.place != kSomeText) continue;
      const auto field = std::find_if(found_.begin(), found_.end(), [&](const Found& other) {
        return other.place != kSomeText && other.before == copy.before && other.after == copy.after;
      });
      if (field == found_.end()) continue;
      field->score += copy.score;
      copy.score = 0;
    }
    std::vector<ScorePart> parts;
    for (const Found& one : found_) {
      if (one.score > 0) parts.push_back({"text", one.score, one.before + one.place + one.after});
    }
    return parts;
  }

 private:
  /// A detail that has the name of the field in its middle.
  struct Found {
    std::string before, place, after;
    double score = 0;
  };
  static constexpr const char* kSomeText = "some text";

  /// Walks a product, or the best element of a list: the first part describes what was found.
  void WalkFirst(const Value& node, const Value& first, double share) {
    const double score = ScoreOf(first);
    Walk(first, score > 0 ? share * ScoreOf(node) / score : share);
  }

  void Add(std::string_view text, double score) {
    if (!(score > 0)) return;
    Found found = Describe(text);
    for (Found& known : found_) {
      if (known.before != found.before || known.place != found.place || known.after != found.after)
        continue;
      known.score += score;
      return;
    }
    found.score = score;
    found_.push_back(std::move(found));
  }

  /// "title:phone", "title:pho*", "title:\"smart phone\"", "Synonym(title:tv title:telly)".
  Found Describe(std::string_view text) const {
    if (text.starts_with("Synonym(")) {
      text = Between(text, "Synonym(", ")");
      text = text.substr(0, text.find(' '));
    }
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || text.substr(0, colon).find(' ') != std::string::npos) {
      return {"words are found in ", kSomeText, ""};
    }
    const std::string path(text.substr(0, colon));
    std::string term(text.substr(colon + 1));
    if (term.starts_with('"')) {
      return {fmt::format("'{}' side by side in ", term.substr(1, term.rfind('"') - 1)),
              Place(path), ""};
    }
    term = term.substr(0, term.find('^'));
    if (term.ends_with('*')) {
      term.pop_back();
      return {"a word of ", Place(path), fmt::format(" begins with '{}'", term)};
    }
    return {fmt::format("'{}' in ", term), Place(path), ", " + Likeness(term, path)};
  }

  /// Describes how a word of a document resembles one of the query.
  std::string Likeness(const std::string& term, const std::string& path) const {
    const std::string* begun = nullptr;
    const std::string* near = nullptr;
    std::size_t least = 3;
    for (const std::string& token : tokens_) {
      if (token == term) return "the whole word";
      if (term.starts_with(token)) begun = &token;
      const std::size_t typos = TyposBetween(token, term);
      if (typos < least) near = &token;
      least = std::min(least, typos);
    }
    if (begun != nullptr) return fmt::format("which begins with '{}'", *begun);
    if (IsAnalysed(path)) return "in another form of the field's language";
    if (near == nullptr) return "a synonym of what was asked";
    return fmt::format("{} off '{}'", least == 1 ? "one letter" : "two letters", *near);
  }

  /// Returns whether the field stores words in their basic form.
  bool IsAnalysed(const std::string& path) const {
    const config::Index& index = input_.schema.plan().config;
    if (path == "__all") return !plan::MainAnalyzers(index).search.empty();
    const plan::Field* field = input_.schema.Find(path);
    return field != nullptr && !plan::AnalyzersOf(index, *field).search.empty();
  }

  /// Returns the callers' name for a field of the engine.
  std::string Place(const std::string& path) const {
    const std::string name = path.substr(0, path.rfind(".__"));
    return input_.schema.Find(name) != nullptr ? name : kSomeText;
  }

  const SearchInput& input_;
  std::vector<std::string> tokens_;
  std::vector<Found> found_;
};

}  // namespace

std::vector<ScorePart> ExplainText(const SearchInput& input, const Value& explanation) {
  TextExplainer explainer(input);
  explainer.Walk(explanation, 1);
  return explainer.Parts();
}

std::size_t TyposBetween(const std::string& from, const std::string& to) {
  const std::vector<char32_t> a = Characters(from), b = Characters(to);
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t k = 0; k <= b.size(); ++k) {
      if (i == 0 || k == 0) {
        cost[i][k] = i + k;
        continue;
      }
      const std::size_t other = cost[i - 1][k - 1] + (a[i - 1] == b[k - 1] ? 0 : 1);
      cost[i][k] = std::min({cost[i - 1][k] + 1, cost[i][k - 1] + 1, other});
      const bool swapped = i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1];
      if (swapped) cost[i][k] = std::min(cost[i][k], cost[i - 2][k - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace pgsluice::query
