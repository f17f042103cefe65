#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/json/writer.h"
#include "pgsluice/query/facets.h"
#include "pgsluice/query/problem.h"
#include "query/compare.h"
#include "query/lookup.h"

namespace pgsluice::query {

namespace {

using plan::Kind;

/// For values that are sorted or limited here: enums by value, and values of `distinct`.
constexpr int kMostValues = 1000;

class Builder {
 public:
  Builder(const Schema& schema, const Facet& facet, const FacetContext& context)
      : facet_(facet),
        context_(context),
        resolved_(Lookup(schema, facet.path, context.parameter, IsFacetable)),
        kind_(resolved_.field->kind),
        nested_(!resolved_.nested_path.empty()),
        field_(json::Quote(ExactPath(resolved_))) {}

  std::string Build(const Dsl& others) const {
    std::string values, outside;
    if (!facet_.ranges.empty()) {
      outside = R"("v":)" + Ranges();
    } else {
      values = R"("v":)" + (facet_.interval.empty() ? Values() : Intervals());
    }
    if (facet_.stats && (IsNumber() || kind_ == Kind::kDate)) {
      values +=
          fmt::format(R"({}"s":{{"stats":{{"field":{}}}}})", values.empty() ? "" : ",", field_);
    }
    if (nested_ && !values.empty()) {
      values = fmt::format(R"("n":{{"nested":{{"path":{}}},"aggs":{{{}}}}})",
                           json::Quote(resolved_.nested_path), values);
    }
    if (!outside.empty() && !values.empty()) outside += ',';
    outside += values;
    if (facet_.missing) {
      outside += fmt::format(R"(,"m":{{"filter":{}{}}})", Not(AnyValue()).Text(), Distinct());
    }
    return fmt::format(R"({{"filter":{},"aggs":{{{}}}}})", others.Text(), outside);
  }

 private:
  bool IsNumber() const { return kind_ == Kind::kInteger || kind_ == Kind::kDecimal; }

  [[noreturn]] void Fail(const std::string& option, const std::string& detail) const {
    Reject("invalid_parameter", facet_.ParameterOf(option), std::nullopt, detail);
  }

  /// Returns what to count in a bucket of documents of the root, if it is not the documents.
  std::string Distinct() const {
    return context_.distinct.empty() ? "" : R"(,"aggs":{"d":)" + context_.distinct + "}";
  }
  /// Returns the same for a bucket of values.
  std::string Counted() const {
    if (!nested_) return Distinct();
    return R"(,"aggs":{"r":{"reverse_nested":{})" + Distinct() + "}}";
  }

  Dsl AtRoot(const Dsl& inner) const {
    if (!nested_ || inner.kind == Dsl::Kind::kNone) return inner;
    return {Dsl::Kind::kText, fmt::format(R"({{"nested":{{"path":{},"query":{}}}}})",
                                          json::Quote(resolved_.nested_path), inner.Text())};
  }
  Dsl AnyValue() const { return AtRoot(Present(resolved_)); }

  std::string Values() const {
    const bool settled = !context_.distinct.empty() ||
                         (facet_.order == Facet::Order::kValue && kind_ == Kind::kEnum);
    const char* count = nested_ ? (context_.distinct.empty() ? "r" : "r>d")
                                : (context_.distinct.empty() ? "_count" : "d");
    const std::string order = facet_.order == Facet::Order::kValue
                                  ? R"([{"_key":"asc"}])"
                                  : fmt::format(R"([{{"{}":"desc"}},{{"_key":"asc"}}])", count);
    return fmt::format(R"({{"terms":{{"field":{},"size":{},"min_doc_count":1,"order":{}{}}}{}}})",
                       field_, settled ? std::max(kMostValues, facet_.size) : facet_.size, order,
                       context_.include, Counted());
  }

  /// Uses filters, because a document counts once if any of its values is in the range.
  std::string Ranges() const {
    if (!IsNumber() && kind_ != Kind::kDate) {
      Fail("ranges", fmt::format("ranges need numbers or dates, but '{}' is {}", facet_.path,
                                 resolved_.field->pg_type));
    }
    std::string filters;
    std::vector<Dsl> all;
    for (std::size_t i = 0; i < facet_.ranges.size(); ++i) {
      all.push_back(AtRoot(InRange(facet_.ranges[i])));
      filters += fmt::format(R"("{}":{},)", i, all.back().Text());
    }
    filters += R"("other":)" + AllOf({AnyValue(), Not(AnyOf(all))}).Text();
    return fmt::format(R"({{"filters":{{"filters":{{{}}}}}{}}})", filters, Distinct());
  }

  Dsl InRange(const FacetRange& range) const {
    const auto pointer = [](const std::optional<Literal>& end) { return end ? &*end : nullptr; };
    try {
      return HalfOpen(pointer(range.from), pointer(range.to), resolved_,
                      facet_.ParameterOf("ranges"));
    } catch (const Problem& problem) {
      Fail("ranges", problem.what());
    }
  }

  std::string Intervals() const {
    const bool calendar = IsCalendarUnit(facet_.interval);
    if (calendar ? kind_ != Kind::kDate : !IsNumber()) {
      Fail("interval",
           fmt::format("an interval of '{}' ({}) is {}", facet_.path, resolved_.field->pg_type,
                       kind_ == Kind::kDate ? "a unit of the calendar, such as month"
                       : IsNumber()         ? "a number"
                                            : "not possible; it needs numbers or dates"));
    }
    std::string options = fmt::format(R"("field":{},"min_doc_count":1)", field_);
    if (!calendar) {
      return fmt::format(R"({{"histogram":{{{},"interval":{}}}{}}})", options, facet_.interval,
                         Counted());
    }
    if (!facet_.timezone.empty()) options += R"(,"time_zone":)" + json::Quote(facet_.timezone);
    return fmt::format(R"({{"date_histogram":{{{},"calendar_interval":"{}"}}{}}})", options,
                       facet_.interval, Counted());
  }

  const Facet& facet_;
  const FacetContext& context_;
  Resolved resolved_;
  Kind kind_;
  bool nested_;
  std::string field_;
};

}  // namespace

std::string FacetAggregation(const Schema& schema, const Facet& facet, const Dsl& others,
                             const FacetContext& context) {
  return Builder(schema, facet, context).Build(others);
}

}  // namespace pgsluice::query
