#include "query/explanation.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

#include "pgsluice/config/values.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/query/answer.h"
#include "pgsluice/query/hits.h"
#include "pgsluice/query/problem.h"
#include "query/explained_text.h"
#include "query/literal.h"
#include "query/sort_body.h"
#include "query/tuned_query.h"

namespace pgsluice::query {

namespace {

using json::Value;

/// Returns a value of a stored document. Names of members may contain dots.
std::string_view ValueAt(std::string_view document, std::string_view path) {
  const std::string_view whole = MemberOf(document, path);
  if (!whole.empty()) return whole;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos;
       dot = path.find('.', dot + 1)) {
    const std::string_view part = MemberOf(document, path.substr(0, dot));
    if (part.empty()) continue;
    const std::string_view value = ValueAt(part, path.substr(dot + 1));
    if (!value.empty()) return value;
  }
  return {};
}

double Modified(double value, const std::string& modifier) {
  if (modifier == "log1p") return std::log10(value + 1);
  if (modifier == "log2p") return std::log10(value + 2);
  if (modifier == "ln1p") return std::log1p(value);
  if (modifier == "ln2p") return std::log1p(value + 1);
  if (modifier == "log") return std::log10(value);
  if (modifier == "ln") return std::log(value);
  if (modifier == "sqrt") return std::sqrt(value);
  if (modifier == "square") return value * value;
  if (modifier == "reciprocal") return 1 / value;
  return value;
}

class Explainer {
 public:
  Explainer(const SearchInput& input, const ExplainedHit& hit) : input_(input), hit_(hit) {}

  std::vector<ScorePart> Parts() {
    AddOrder();
    if (AddPin()) return std::move(parts_);
    const PinPlace pins = PlaceOfPins(input_);
    if (!IsScored(input_) || pins == PinPlace::kAhead) return std::move(parts_);
    const std::vector<ScorePart> boosts = Boosts();
    double points = 0;
    for (const ScorePart& boost : boosts) points += boost.score;
    const bool text = !input_.request.q.empty();
    const double share = text ? kShareOfText : 1;
    const double base = hit_.score / (1 + points * share);
    if (text) {
      AddText(base);
    } else {
      parts_.push_back({"text", base, "no words were asked for: every document begins with 1"});
    }
    for (ScorePart boost : boosts) {
      boost.score *= share * base;
      parts_.push_back(std::move(boost));
    }
    return std::move(parts_);
  }

 private:
  /// Adds the sort order, if it decides before the score.
  void AddOrder() {
    std::string names;
    for (const SearchRequest::Sort& key : SortKeys(input_)) {
      if (names.empty() && key.by == SearchRequest::Sort::By::kScore) return;
      std::string name = key.by == SearchRequest::Sort::By::kScore ? "the score" : key.path;
      if (key.by == SearchRequest::Sort::By::kDistance) name = "the distance of " + name;
      names += (names.empty() ? "" : ", then ") + name;
    }
    if (!names.empty()) parts_.push_back({"order", 0, "sorted by " + names});
  }

  bool AddPin() {
    if (input_.tuning.rules == nullptr) return false;
    const std::vector<std::string>& pinned = input_.tuning.rules->pinned;
    const auto found = std::find(pinned.begin(), pinned.end(), hit_.id);
    if (found == pinned.end()) return false;
    const bool sorted = PlaceOfPins(input_) == PinPlace::kSorted;
    parts_.push_back({"pin", sorted ? hit_.score : 0,
                      sorted ? "a rule pins it, but the order of the search decides its place"
                             : fmt::format("a rule puts it first, as number {} of {}",
                                           found - pinned.begin() + 1, pinned.size())});
    return true;
  }

  void AddText(double base) {
    std::vector<ScorePart> found;
    if (!hit_.explanation.empty()) found = ExplainText(input_, ParsePart(hit_.explanation));
    double sum = 0;
    for (const ScorePart& part : found) sum += part.score;
    if (!(sum > 0)) found = {{"text", sum = 1, "words are found"}};
    for (ScorePart& part : found) {
      part.score *= base / sum;
      parts_.push_back(std::move(part));
    }
  }

  /// Returns the boosts, with their points as the score.
  std::vector<ScorePart> Boosts() const {
    std::vector<ScorePart> parts;
    const std::vector<Boost> boosts = UsableBoosts(input_);
    for (std::size_t i = 0; i < boosts.size(); ++i) {
      ScorePart part = Points(boosts[i], i);
      part.part = boosts[i].rule.empty() ? "ranking" : "rule";
      if (!Shows(boosts[i])) part.detail = "a boost of the configuration";
      parts.push_back(std::move(part));
    }
    return parts;
  }

  ScorePart Points(const Boost& boost, std::size_t number) const {
    switch (boost.by) {
      case Boost::By::kField:
        return OfField(boost);
      case Boost::By::kRecency:
        return OfAge(boost);
      case Boost::By::kFilter:
        break;
    }
    const std::string name = json::Quote(NameOfBoost(number));
    const bool met = hit_.matched.find(name) != std::string_view::npos;
    return {"", met ? boost.weight : 0,
            met ? fmt::format("meets {}; weight {}", boost.text, boost.weight)
                : fmt::format("does not meet {}", boost.text)};
  }

  ScorePart OfField(const Boost& boost) const {
    const Value value = Stored(boost);
    const double number = value.AsDouble().value_or(0);
    const bool log = boost.modifier == "log" || boost.modifier == "ln";
    if (!value.IsNumber() || number <= 0 || (log && number < 1)) {
      return {"", 0,
              fmt::format("{} is {}, which adds nothing", boost.path,
                          value.IsNumber() ? value.text : "empty")};
    }
    const double counts = Modified(number, boost.modifier);
    const std::string made = boost.modifier == "none"
                                 ? ""
                                 : fmt::format(", {} makes {:.4g} of it", boost.modifier, counts);
    return {"", counts * boost.weight,
            fmt::format("{} is {}{}; weight {}", boost.path, value.text, made, boost.weight)};
  }

  ScorePart OfAge(const Boost& boost) const {
    const Value value = Stored(boost);
    const auto date = value.IsString() ? ReadDate(value.text) : std::nullopt;
    const auto time = date ? config::ParseTime(date->text) : std::nullopt;
    if (!time) return {"", 0, boost.path + " is empty, which adds nothing"};
    const double origin = static_cast<double>(OriginOf(boost, input_.tuning.now_ms)) / 1000;
    const double age = std::max(origin - static_cast<double>(*time), 0.0);
    const double half_life = static_cast<double>(boost.half_life.count());
    const double counts = std::exp2(-age / half_life);
    return {"", counts * boost.weight,
            fmt::format("{} is {:.1f} days ago and counts {:.3g}, half of it after each {:.4g} "
                        "days; weight {}",
                        boost.path, age / 86400, counts, half_life / 86400, boost.weight)};
  }

  Value Stored(const Boost& boost) const {
    const std::string_view text = ValueAt(hit_.document, boost.path);
    return text.empty() ? Value() : ParsePart(text);
  }

  /// Returns whether the caller may see all fields of a boost.
  bool Shows(const Boost& boost) const {
    if (boost.by != Boost::By::kFilter) {
      return input_.schema.Resolve(boost.path, nullptr).field != nullptr;
    }
    try {
      TranslateFilter(boost.filter, input_.schema);
      return true;
    } catch (const Problem&) {
      return false;
    }
  }

  const SearchInput& input_;
  const ExplainedHit& hit_;
  std::vector<ScorePart> parts_;
};

}  // namespace

std::string ExplanationJson(const SearchInput& input, const ExplainedHit& hit) {
  std::string out = "[";
  for (const ScorePart& part : Explainer(input, hit).Parts()) {
    out += fmt::format(R"({}{{"part":"{}","score":{:.6g},"detail":{}}})", out.size() > 1 ? "," : "",
                       part.part, part.score, json::Quote(part.detail));
  }
  return out + "]";
}

}  // namespace pgsluice::query
