#include "pgsluice/query/merge.h"

#include <algorithm>
#include <compare>
#include <limits>

#include "pgsluice/query/answer.h"
#include "pgsluice/query/hits.h"

namespace pgsluice::query {

namespace {

using json::Value;

constexpr std::string_view kSort = R"(,"sort":)";

/// Reads a number, including "Infinity", which the engine writes for a missing one.
std::optional<double> NumberOf(const Value& value) {
  if (value.IsBool()) return value.boolean ? 1 : 0;
  if (value.IsString() && value.text == "Infinity") return std::numeric_limits<double>::infinity();
  if (value.IsString() && value.text == "-Infinity") {
    return -std::numeric_limits<double>::infinity();
  }
  return value.AsDouble();
}

/// Compares values: nulls are equal, and numbers come before texts, so that fields of two types
/// have an order as well.
std::partial_ordering Ascending(const Value& a, const Value& b) {
  if (a.AsInt() && b.AsInt()) return *a.AsInt() <=> *b.AsInt();
  const auto left = NumberOf(a), right = NumberOf(b);
  if (left && right) return *left <=> *right;
  if (left || right) return left ? std::partial_ordering::less : std::partial_ordering::greater;
  return a.text <=> b.text;
}

/// Returns a negative number if `a` comes first.
int CompareKey(const Value& a, const Value& b, const SearchRequest::Sort& key) {
  if (a.IsNull() || b.IsNull()) {
    if (a.IsNull() && b.IsNull()) return 0;
    return a.IsNull() == key.nulls_first ? -1 : 1;
  }
  const std::partial_ordering order = Ascending(a, b);
  if (order == 0) return 0;
  // Distances in the opposite order are measured from the opposite side of the globe.
  const bool down = key.by == SearchRequest::Sort::By::kDistance ? key.nulls_first : key.descending;
  return (order < 0) != down ? -1 : 1;
}

class Merger {
 public:
  Merger(const std::vector<MergedList>& lists, MergeBy by,
         const std::vector<SearchRequest::Sort>& keys)
      : lists_(lists), by_(by), keys_(keys), next_(lists.size()) {}

  std::vector<std::pair<std::size_t, std::size_t>> Take(std::size_t limit) {
    std::vector<std::pair<std::size_t, std::size_t>> merged;
    while (merged.size() < limit) {
      std::size_t best = lists_.size();
      for (std::size_t i = 0; i < lists_.size(); ++i) {
        if (next_[i] == lists_[i].hits.size()) continue;
        if (best == lists_.size() || ComesBefore(i, best)) best = i;
      }
      if (best == lists_.size()) break;
      merged.emplace_back(best, next_[best]++);
    }
    return merged;
  }

 private:
  /// Returns whether the next hit of list `a` comes before that of list `b`.
  bool ComesBefore(std::size_t a, std::size_t b) const {
    if (by_ == MergeBy::kSort) return CompareSorts(Next(a).sort, Next(b).sort) < 0;
    return Rank(a) > Rank(b);
  }
  const MergedHit& Next(std::size_t list) const { return lists_[list].hits[next_[list]]; }

  double Rank(std::size_t list) const {
    if (by_ == MergeBy::kScore) return Next(list).score * lists_[list].weight;
    return lists_[list].weight / static_cast<double>(next_[list] + 1);
  }

  /// Compares by the keys, then by the id, which is the last value.
  int CompareSorts(const std::vector<Value>& a, const std::vector<Value>& b) const {
    const std::size_t count = keys_.size() + 1;
    if (a.size() < count || b.size() < count) return 0;
    for (std::size_t i = 0; i < count; ++i) {
      static const SearchRequest::Sort kById{"__id"};
      const int order = CompareKey(a[a.size() - count + i], b[b.size() - count + i],
                                   i < keys_.size() ? keys_[i] : kById);
      if (order != 0) return order;
    }
    return 0;
  }

  const std::vector<MergedList>& lists_;
  MergeBy by_;
  const std::vector<SearchRequest::Sort>& keys_;
  std::vector<std::size_t> next_;
};

}  // namespace

std::vector<MergedHit> ReadMergedHits(std::string_view answer) {
  std::vector<MergedHit> hits;
  for (const std::string_view text : ReadItems(MemberOf(answer, "hits"))) {
    MergedHit hit;
    const std::string_view sort = MemberOf(text, "sort");
    hit.json = text.substr(0, text.size() - 1 - sort.size() - kSort.size());
    hit.sort = ParsePart(sort).items;
    // A pinned hit does not show its score, but its place depends on one.
    const Value score = ParsePart(MemberOf(text, "score"));
    hit.score =
        (score.IsNull() && !hit.sort.empty() ? NumberOf(hit.sort.front()) : score.AsDouble())
            .value_or(0);
    hits.push_back(std::move(hit));
  }
  return hits;
}

std::vector<std::pair<std::size_t, std::size_t>> Merge(const std::vector<MergedList>& lists,
                                                       MergeBy by,
                                                       const std::vector<SearchRequest::Sort>& keys,
                                                       std::size_t limit) {
  return Merger(lists, by, keys).Take(limit);
}

}  // namespace pgsluice::query
