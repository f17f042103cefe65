#include "query/tuned_query.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ctime>

#include "pgsluice/json/writer.h"
#include "pgsluice/query/problem.h"
#include "query/sort_body.h"

namespace pgsluice::query {

namespace {

/// The limit of all boosts together; the score of a pinned document is far above it.
constexpr const char* kMaxBoost = "1e15";
constexpr double kPinned = 1e30;

/// Returns milliseconds since 1970 as "2024-01-31T10:00:00.000Z".
std::string TimeText(std::int64_t ms) {
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     ms % 1000);
}

/// Numbers of zero or less count as nothing, like missing ones, and so do those whose logarithm
/// would be negative: a single negative score makes the engines refuse the whole search.
std::string FieldFunction(const Boost& boost, double share) {
  const bool log = boost.modifier == "log" || boost.modifier == "ln";
  const std::string path = json::Quote(boost.path);
  return fmt::format(
      R"({{"filter":{{"range":{{{}:{{"{}":{}}}}}}},"field_value_factor":{{"field":{},"modifier":"{}","missing":0}},"weight":{}}})",
      path, log ? "gte" : "gt", log ? 1 : 0, path, boost.modifier, boost.weight * share);
}

/// Excludes documents without a date, which the engines would count as new. Dates in the future
/// count as new.
std::string RecencyFunction(const Boost& boost, std::int64_t now_ms, double share) {
  const std::string path = json::Quote(boost.path);
  const std::string origin = TimeText(OriginOf(boost, now_ms));
  const double weight = boost.weight * share;
  return fmt::format(
      R"({{"filter":{{"range":{{{0}:{{"lte":"{1}"}}}}}},"exp":{{{0}:{{"origin":"{1}","scale":"{2}s","decay":0.5}}}},"weight":{3}}},{{"filter":{{"range":{{{0}:{{"gt":"{1}"}}}}}},"weight":{3}}})",
      path, origin, boost.half_life.count(), weight);
}

std::string Function(const Boost& boost, const Schema& whole, std::int64_t now_ms, double share) {
  switch (boost.by) {
    case Boost::By::kField:
      return FieldFunction(boost, share);
    case Boost::By::kRecency:
      return RecencyFunction(boost, now_ms, share);
    case Boost::By::kFilter:
      return fmt::format(R"({{"filter":{},"weight":{}}})",
                         TranslateFilter(boost.filter, whole).Text(), boost.weight * share);
  }
  return "";
}

/// Returns the query of the text with its score times one plus the boosts. Without a text, the
/// boosts alone.
std::string WithBoosts(const SearchInput& input, const std::string& text,
                       const std::vector<Boost>& boosts) {
  const Schema whole = WholeSchema(input.schema);
  std::string functions = R"({"weight":1})";
  for (const Boost& boost : boosts) {
    functions += ',' + Function(boost, whole, input.tuning.now_ms, text.empty() ? 1 : kShareOfText);
  }
  return fmt::format(
      R"({{"function_score":{{"query":{},"functions":[{}],"score_mode":"sum","boost_mode":"{}","max_boost":{}}}}})",
      text.empty() ? R"({"match_all":{}})" : text, functions, text.empty() ? "replace" : "multiply",
      kMaxBoost);
}

std::string IdsQuery(const std::vector<std::string>& ids) {
  std::string list;
  for (const std::string& id : ids) list += (list.empty() ? "" : ",") + json::Quote(id);
  return R"({"ids":{"values":[)" + list + "]}}";
}

std::string Constant(const std::string& filter, double score) {
  return fmt::format(R"({{"constant_score":{{"filter":{},"boost":{}}}}})", filter, score);
}

/// Returns documents that the text finds or that are pinned.
std::string WithPins(const std::vector<std::string>& pinned, const std::string& text,
                     PinPlace place) {
  std::string clauses;
  if (place == PinPlace::kSorted) {
    clauses = Constant(IdsQuery(pinned), 0);
  } else {
    for (std::size_t i = 0; i < pinned.size(); ++i) {
      const auto rank = static_cast<double>(pinned.size() - i);
      clauses += (i > 0 ? "," : "") + Constant(IdsQuery({pinned[i]}), rank * kPinned);
    }
  }
  return fmt::format(R"({{"bool":{{"minimum_should_match":1,"should":[{},{}]}}}})",
                     place == PinPlace::kAhead ? Constant(text, 0) : text, clauses);
}

Dsl RuleFilter(const RuleEffect& rules, const Schema& whole) {
  std::vector<Dsl> parts;
  for (const Expr& filter : rules.filters) {
    try {
      parts.push_back(TranslateFilter(filter, whole, "rule"));
    } catch (const Problem&) {
      parts.push_back({Dsl::Kind::kNone, {}});  // The log at start reports it.
    }
  }
  if (!rules.hidden.empty()) parts.push_back(Not({Dsl::Kind::kText, IdsQuery(rules.hidden)}));
  return AllOf(parts);
}

/// Returns clauses that find no further documents, but report which filters of boosts match.
std::string Names(const std::vector<Boost>& boosts, const Schema& whole) {
  std::string clauses;
  for (std::size_t i = 0; i < boosts.size(); ++i) {
    if (boosts[i].by != Boost::By::kFilter) continue;
    clauses += fmt::format(R"({}{{"constant_score":{{"filter":{},"boost":0,"_name":"{}"}}}})",
                           clauses.empty() ? "" : ",",
                           TranslateFilter(boosts[i].filter, whole).Text(), NameOfBoost(i));
  }
  return clauses;
}

}  // namespace

bool IsTuned(const SearchInput& input, bool ranked) {
  if (input.tuning.rules != nullptr && !input.tuning.rules->empty()) return true;
  return ranked && input.tuning.HasBoosts() && IsScored(input);
}

std::string TunedQuery(const SearchInput& input, const Dsl& filter, const std::string& text,
                       bool ranked) {
  const Schema whole = WholeSchema(input.schema);
  const RuleEffect* rules = input.tuning.rules;
  const Dsl all = rules == nullptr ? filter : AllOf({filter, RuleFilter(*rules, whole)});
  std::vector<Boost> boosts;
  const bool scored = ranked && IsScored(input) && PlaceOfPins(input) != PinPlace::kAhead;
  if (scored) boosts = UsableBoosts(input);
  std::string query = boosts.empty() ? text : WithBoosts(input, text, boosts);
  if (rules != nullptr && !rules->pinned.empty() && !query.empty()) {
    query = WithPins(rules->pinned, query, ranked ? PlaceOfPins(input) : PinPlace::kSorted);
  }
  std::string out = R"({"bool":{"filter":[)" + all.Text() + "]";
  if (!query.empty()) out += R"(,"must":[)" + query + "]";
  const std::string names = input.request.explain ? Names(boosts, whole) : "";
  if (!names.empty()) out += R"(,"should":[)" + names + "]";
  return out + "}}";
}

Schema WholeSchema(const Schema& schema) {
  return {std::shared_ptr<const plan::Plan>(std::shared_ptr<void>(), &schema.plan()), {}};
}

std::vector<Boost> UsableBoosts(const SearchInput& input) {
  const Schema whole = WholeSchema(input.schema);
  std::vector<Boost> boosts = input.tuning.Boosts();
  std::erase_if(boosts, [&](const Boost& boost) {
    try {
      return CheckBoost(boost, whole).has_value();
    } catch (const Problem&) {
      return true;
    }
  });
  return boosts;
}

std::int64_t OriginOf(const Boost& boost, std::int64_t now_ms) {
  const std::int64_t step = std::max<std::int64_t>(boost.half_life.count() * 10, 1000);
  return now_ms - now_ms % step;
}

std::string NameOfBoost(std::size_t number) { return fmt::format("boost{}", number); }

}  // namespace pgsluice::query
