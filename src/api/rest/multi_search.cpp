#include "api/rest/multi_search.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "api/rest/batch.h"
#include "api/rest/guarded.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/query/answer.h"
#include "pgsluice/query/hits.h"
#include "pgsluice/query/merge.h"

namespace pgsluice::api {

using query::Problem;
using query::SearchRequest;

namespace {

/// The limit for a page, because all hits before it are read too, from each search.
constexpr int kDeepest = 1000;

[[noreturn]] void Invalid(const char* parameter, const json::Value& place,
                          const std::string& detail) {
  query::Reject("invalid_parameter", parameter, place.begin, detail);
}

/// A search of the list without its index, and its parameters that apply to the whole list.
struct Wanted {
  std::string index;
  json::Value body;
  std::optional<int> per_page;
};

Wanted ReadWanted(const json::Value& item) {
  const json::Value* index = item.Find("index");
  if (index == nullptr || !index->IsString()) Invalid("index", item, "a search names its index");
  Wanted wanted{index->text, item, {}};
  for (const auto& [name, value] : item.members) {
    if (name == "page" || name == "cursor" || name == "facets" || name == "facet_filters") {
      Invalid("merge", value,
              fmt::format("'{}' cannot be used in a search that is merged{}", name,
                          name == "page" ? "; give 'page' next to 'merge'" : ""));
    }
  }
  std::erase_if(wanted.body.members, [](const auto& member) { return member.first == "index"; });
  return wanted;
}

bool SameSort(const std::vector<SearchRequest::Sort>& a,
              const std::vector<SearchRequest::Sort>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.path == y.path && x.descending == y.descending && x.nulls_first == y.nulls_first &&
           x.by == y.by && x.lat == y.lat && x.lon == y.lon;
  });
}

/// Returns how the searches are ranked against each other. Throws Problem if they cannot be.
query::MergeBy MergeByOf(const std::vector<SearchRequest>& searches, const json::Value& merge) {
  if (searches.empty()) return query::MergeBy::kPlace;
  const SearchRequest& first = searches.front();
  for (const SearchRequest& search : searches) {
    if (!SameSort(search.sort, first.sort)) {
      Invalid("merge", merge, "merged searches have the same 'sort', or none");
    }
    if (first.sort.empty() && search.q.empty() != first.q.empty()) {
      Invalid("merge", merge, "either all merged searches have a 'q', or none");
    }
  }
  if (!first.sort.empty()) {
    if (merge.IsObject()) Invalid("merge", merge, "weights have no effect on a 'sort'");
    return query::MergeBy::kSort;
  }
  return first.q.empty() ? query::MergeBy::kPlace : query::MergeBy::kScore;
}

double WeightOf(const json::Value& merge, const std::string& index) {
  const json::Value* weight = merge.Find({"weights", index});
  return weight == nullptr ? 1 : weight->AsDouble().value_or(1);
}

/// Checks a "merge", which is true or like {"weights": {"products": 2}}.
void CheckMerge(const json::Value& merge, const std::vector<Wanted>& wanted) {
  if (merge.IsBool() && merge.boolean) return;
  const json::Value* weights = merge.Find("weights");
  if (weights == nullptr || !weights->IsObject() || merge.members.size() != 1) {
    Invalid("merge", merge, R"(true or {"weights": {"INDEX": 2}} was expected)");
  }
  for (const auto& member : weights->members) {
    const std::string& index = member.first;
    const json::Value& weight = member.second;
    const bool asked = std::any_of(wanted.begin(), wanted.end(),
                                   [&](const Wanted& one) { return one.index == index; });
    if (!asked) Invalid("merge", weight, fmt::format("no search asks index '{}'", index));
    const auto number = weight.AsDouble();
    if (!number || !(*number > 0 && *number <= 1000)) {
      Invalid("merge", weight, "a weight is a number above 0, at most 1000");
    }
  }
}

/// Returns the page of the list, which is given next to "merge", or is the same in each search.
SearchRequest PageOf(const json::Value& body, const std::vector<SearchRequest>& searches) {
  json::Value own;
  own.type = json::Type::kObject;
  for (const char* name : {"page", "per_page"}) {
    if (const json::Value* value = body.Find(name)) own.members.emplace_back(name, *value);
  }
  SearchRequest page = query::ReadBody(own, {"page", "per_page"});
  for (const SearchRequest& search : searches) {
    if (!search.per_page) continue;
    if (page.per_page.value_or(*search.per_page) != *search.per_page) {
      query::Reject("invalid_parameter", "per_page", std::nullopt,
                    "merged searches share one 'per_page'; give it next to 'merge'");
    }
    page.per_page = search.per_page;
  }
  return page;
}

/// The combined facts of all answers.
struct Sum {
  std::int64_t total = 0;
  bool counted = true, exact = true, partial = false;
  std::string reason, fallback;

  void Add(std::string_view answer) {
    const json::Value one = query::ParsePart(query::MemberOf(answer, "total"));
    const json::Value* value = one.Find("value");
    const json::Value* relation = one.Find("relation");
    counted = counted && value != nullptr;
    if (value != nullptr) total += value->AsInt().value_or(0);
    exact = exact && relation != nullptr && relation->text == "eq";
    const json::Value meta = query::ParsePart(query::MemberOf(answer, "meta"));
    const json::Value* why = meta.Find("reason");
    const json::Value* other = meta.Find("fallback");
    if (why != nullptr) reason = why->text;
    if (other != nullptr) fallback = other->text;
    const json::Value* part = meta.Find("partial");
    partial = partial || (part != nullptr && part->boolean);
  }
  std::string Total() const {
    if (!counted) return "null";
    return fmt::format(R"({{"value":{},"relation":"{}"}})", total, exact ? "eq" : "gte");
  }
};

std::string Names(const std::vector<Wanted>& wanted) {
  std::string names;
  for (const Wanted& one : wanted) names += (names.empty() ? "" : ",") + json::Quote(one.index);
  return names;
}

}  // namespace

Response MultiSearchEndpoint::MultiSearch(const Request& request, const Access& access) {
  const json::Value body = ParseBody(request.body);
  const json::Value* merge = body.Find("merge");
  const bool merged = merge != nullptr && !(merge->IsBool() && !merge->boolean);
  for (const auto& [name, value] : body.members) {
    const bool pages = merged && (name == "page" || name == "per_page");
    if (name == "searches" || name == "merge" || pages) continue;
    query::Reject("unknown_parameter", name, value.begin,
                  fmt::format("parameter '{}' is not known", name),
                  {"searches", "merge", "page", "per_page"});
  }
  const std::vector<json::Value>& searches = SearchesOf(body.Find("searches"), "searches");
  limits_.ChargeRest(request, access, searches.size());
  if (merged) {
    Response response;
    response.body = Merged(body, searches, request, access);
    return response;
  }
  std::string results;
  for (const json::Value& item : searches) {
    results += (results.empty() ? "" : ",") + One(item, request, access).body;
  }
  Response response;
  response.body = R"({"results":[)" + results + "]}";
  return response;
}

Response MultiSearchEndpoint::One(const json::Value& item, const Request& request,
                                  const Access& access) {
  return Guarded(request.id, [&] {
    const json::Value* index = item.Find("index");
    if (index == nullptr || !index->IsString()) {
      query::Reject("invalid_parameter", "index", item.begin, "a search names its index");
    }
    json::Value rest = item;
    std::erase_if(rest.members, [](const auto& member) { return member.first == "index"; });
    Request single = request;
    single.segments = {"v1", index->text, "search"};
    single.body = json::ToText(rest);
    return single_.Search(single, access);
  });
}

std::string MultiSearchEndpoint::Merged(const json::Value& body,
                                        const std::vector<json::Value>& items,
                                        const Request& request, const Access& access) {
  const auto start = std::chrono::steady_clock::now();
  const json::Value& merge = *body.Find("merge");
  std::vector<Wanted> wanted;
  for (const json::Value& item : items) wanted.push_back(ReadWanted(item));
  CheckMerge(merge, wanted);
  std::vector<ResolvedRequest> searches;
  std::vector<SearchRequest> requests;
  for (const Wanted& one : wanted) {
    searches.push_back(resolver_.ResolveIndex(one.index, access));
    requests.push_back(query::ReadBody(one.body, query::kSearchParameters));
    access.CheckParameters(requests.back());
  }
  const query::MergeBy by = MergeByOf(requests, merge);
  const SearchRequest page = PageOf(body, requests);
  const int size = access.PerPage(page.per_page.value_or(20));
  const int deep = page.page * size;
  if (deep > kDeepest) {
    query::Reject("limit_exceeded", "page", std::nullopt,
                  fmt::format("page * per_page is at most {} in a merged list", kDeepest));
  }
  std::vector<std::string> answers;
  std::vector<query::MergedList> lists;
  Sum sum;
  for (std::size_t i = 0; i < searches.size(); ++i) {
    requests[i].page = 1;
    requests[i].per_page = deep;
    requests[i].with_sort = true;
    searches[i].request = requests[i];
    searches[i].UseRules();
    answers.push_back(searcher_.Run(searches[i], request));
    sum.Add(answers.back());
  }
  for (std::size_t i = 0; i < searches.size(); ++i) {
    lists.push_back({WeightOf(merge, wanted[i].index), query::ReadMergedHits(answers[i])});
  }
  const auto merged = query::Merge(
      lists, by, requests.empty() ? std::vector<SearchRequest::Sort>{} : requests.front().sort,
      static_cast<std::size_t>(deep));
  std::string hits;
  for (auto at = static_cast<std::size_t>(deep - size); at < merged.size(); ++at) {
    const auto [list, hit] = merged[at];
    hits += (hits.empty() ? "" : ",") + std::string(lists[list].hits[hit].json) + R"(,"index":)" +
            json::Quote(wanted[list].index) + "}";
  }
  std::int64_t lag = 0;
  for (const auto& one : wanted) lag = std::max(lag, reads_.LagMs(one.index));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  return fmt::format(
      R"({{"hits":[{}],"total":{},"page":{{"number":{},"size":{},"next_cursor":null}},"meta":{{"indexes":[{}],{}{}"lag_ms":{},"took_ms":{},"position":{},"request_id":{},"partial":{}}}}})",
      hits, sum.Total(), page.page, size, Names(wanted),
      sum.reason.empty() ? "" : R"("reason":)" + json::Quote(sum.reason) + ",",
      sum.fallback.empty() ? "" : R"("fallback":)" + json::Quote(sum.fallback) + ",", lag,
      took.count(), json::Quote(reads_.Position()), json::Quote(request.id), sum.partial);
}

}  // namespace pgsluice::api
