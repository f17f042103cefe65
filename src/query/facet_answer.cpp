#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

#include "pgsluice/json/writer.h"
#include "pgsluice/query/facets.h"
#include "pgsluice/query/problem.h"
#include "query/literal.h"

namespace pgsluice::query {

namespace {

using json::Value;
using plan::Kind;

constexpr std::size_t kMostIntervals = 1000;

[[noreturn]] void Unreadable() {
  throw Problem(502, "engine_error", "the search engine's answer could not be read");
}

std::int64_t CountOf(const Value* value) {
  const auto count = value == nullptr ? std::nullopt : value->AsDouble();
  if (!count) Unreadable();
  return static_cast<std::int64_t>(*count);
}

/// Returns the count of a bucket: values of `distinct`, documents of the root, or documents.
std::int64_t CountIn(const Value& bucket) {
  for (const Value* count : {bucket.Find({"r", "d", "value"}), bucket.Find({"d", "value"}),
                             bucket.Find({"r", "doc_count"})}) {
    if (count != nullptr) return CountOf(count);
  }
  return CountOf(bucket.Find("doc_count"));
}

/// Returns what an aggregation found, inside a nested path or not.
const Value* Part(const Value& aggregation, const char* name) {
  const Value* part = aggregation.Find(name);
  return part != nullptr ? part : aggregation.Find({"n", name});
}

struct Bucket {
  std::string json;  ///< `"value":…`
  std::int64_t count = 0;
  std::size_t rank = 0;  ///< By value, if the engine uses another order.
};

class Writer {
 public:
  Writer(const plan::Field& field, const Facet& facet) : field_(field), facet_(facet) {}

  std::string Write(const Value& aggregation) {
    if (const Value* values = Part(aggregation, "v")) {
      if (facet_.ranges.empty()) {
        ReadBuckets(*values);
      } else {
        ReadRanges(*values);
      }
    }
    Arrange();
    std::string out = R"({"values":[)";
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      out += fmt::format(R"({}{{{},"count":{}}})", i > 0 ? "," : "", buckets_[i].json,
                         buckets_[i].count);
    }
    out += fmt::format(R"(],"other":{})", other_);
    if (const Value* missing = aggregation.Find("m")) {
      out += fmt::format(R"(,"missing":{})", CountIn(*missing));
    }
    if (const Value* stats = Part(aggregation, "s")) out += R"(,"stats":)" + Stats(*stats);
    return out + "}";
  }

 private:
  void ReadBuckets(const Value& values) {
    const Value* list = values.Find("buckets");
    if (list == nullptr) return;
    if (!facet_.interval.empty() && list->items.size() > kMostIntervals) {
      Reject("limit_exceeded", facet_.ParameterOf("interval"), std::nullopt,
             fmt::format("'{}' has values in {} intervals, more than {}; choose a longer interval "
                         "or filter",
                         facet_.path, list->items.size(), kMostIntervals));
    }
    for (const Value& bucket : list->items) {
      const Value* key = bucket.Find("key");
      if (key != nullptr) {
        buckets_.push_back({R"("value":)" + Shown(bucket, *key), CountIn(bucket), RankOf(*key)});
      }
    }
    if (const Value* rest = values.Find("sum_other_doc_count")) other_ = CountOf(rest);
  }

  std::string Shown(const Value& bucket, const Value& key) const {
    const Value* text = bucket.Find("key_as_string");
    if (field_.kind == Kind::kBool && text != nullptr) {
      return text->text == "true" ? "true" : "false";
    }
    if (field_.kind == Kind::kDate && text != nullptr) return json::ToText(*text);
    return facet_.interval.empty() ? json::ToText(key) : PlainNumber(key);
  }

  std::size_t RankOf(const Value& key) const {
    const auto found = std::find(field_.labels.begin(), field_.labels.end(), key.text);
    return static_cast<std::size_t>(found - field_.labels.begin());
  }

  void ReadRanges(const Value& values) {
    for (std::size_t i = 0; i < facet_.ranges.size(); ++i) {
      const FacetRange& range = facet_.ranges[i];
      const Value* bucket = values.Find({"buckets", std::to_string(i).c_str()});
      if (bucket == nullptr) Unreadable();
      buckets_.push_back({fmt::format(R"("value":{},"from":{},"to":{})", json::Quote(range.name),
                                      End(range.from), End(range.to)),
                          CountIn(*bucket), i});
    }
    if (const Value* rest = values.Find({"buckets", "other"})) other_ = CountIn(*rest);
  }

  /// Returns an end of a range: numbers as such, dates as written.
  std::string End(const std::optional<Literal>& literal) const {
    if (!literal) return "null";
    const auto whole = ReadInteger(literal->text);
    const auto number = ReadDecimal(literal->text);
    if (field_.kind == Kind::kDate || !number || number->beyond != 0) {
      return json::Quote(literal->text);
    }
    return whole && whole->exact && whole->beyond == 0 ? std::to_string(whole->floor)
                                                       : number->text;
  }

  /// Sorts and limits the buckets as far as the engine has not done it.
  void Arrange() {
    const bool buckets = !facet_.ranges.empty() || !facet_.interval.empty();
    if (facet_.order == Facet::Order::kCount && buckets) {
      std::stable_sort(buckets_.begin(), buckets_.end(),
                       [](const Bucket& a, const Bucket& b) { return a.count > b.count; });
    }
    if (facet_.order == Facet::Order::kValue && field_.kind == Kind::kEnum) {
      std::stable_sort(buckets_.begin(), buckets_.end(),
                       [](const Bucket& a, const Bucket& b) { return a.rank < b.rank; });
    }
    const auto most = static_cast<std::size_t>(facet_.size);
    if (buckets_.size() <= most || (buckets && !facet_.cut)) return;
    for (std::size_t i = most; i < buckets_.size(); ++i) other_ += buckets_[i].count;
    buckets_.resize(most);
  }

  /// Returns the statistics; dates have no sum.
  std::string Stats(const Value& stats) const {
    const bool date = field_.kind == Kind::kDate;
    std::string out = "{";
    for (const char* name : {"min", "max", "avg", "sum"}) {
      const Value* value = stats.Find(date ? std::string(name) + "_as_string" : std::string(name));
      const bool known = value != nullptr && !(date && std::string_view(name) == "sum") &&
                         (date ? value->IsString() : value->IsNumber());
      out += fmt::format(R"("{}":{},)", name,
                         !known ? "null"
                         : date ? json::ToText(*value)
                                : PlainNumber(*value));
    }
    return out + fmt::format(R"("count":{}}})", CountOf(stats.Find("count")));
  }

  const plan::Field& field_;
  const Facet& facet_;
  std::vector<Bucket> buckets_;
  std::int64_t other_ = 0;
};

}  // namespace

std::string PlainNumber(const Value& number) {
  const auto value = number.AsDouble();
  if (value && std::trunc(*value) == *value && std::fabs(*value) < 9e18) {
    const auto whole = number.AsInt();
    return std::to_string(whole ? *whole : static_cast<std::int64_t>(*value));
  }
  return json::ToText(number);
}

std::string FacetJson(const Value& aggregation, const plan::Field& field, const Facet& facet) {
  return Writer(field, facet).Write(aggregation);
}

}  // namespace pgsluice::query
