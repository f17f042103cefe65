#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "api/instantsearch/instantsearch.h"
#include "pgsluice/base/digest.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::api {

namespace {

using json::Value;

std::size_t CountWords(const std::string& text) {
  std::size_t words = 0;
  bool inside = false;
  for (const char c : text) {
    words += !inside && c != ' ' ? 1 : 0;
    inside = c != ' ';
  }
  return words;
}

/// Builds "_highlightResult": every text that may be highlighted, with or without marks.
class Highlights {
 public:
  Highlights(const Value* found, const InstantQuery& query, const query::SearchRequest& request)
      : found_(found),
        tags_(query.tags),
        paths_(request.highlight),
        words_(CountWords(request.q)) {}

  /// Returns the highlights at `path` of a document; empty if nothing in it may be highlighted.
  std::string Of(const Value& value, const std::string& path) const {
    if (value.IsObject()) {
      std::string parts;
      for (const auto& [name, member] : value.members) {
        const std::string part = Of(member, path.empty() ? name : path + "." + name);
        if (part.empty()) continue;
        parts += (parts.empty() ? "" : ",") + json::Quote(name) + ":" + part;
      }
      return parts.empty() ? "" : "{" + parts + "}";
    }
    if (value.IsArray()) {
      std::string parts;
      for (const Value& item : value.items) {
        const std::string part = Of(item, path);
        if (!part.empty()) parts += (parts.empty() ? "" : ",") + part;
      }
      return parts.empty() ? "" : "[" + parts + "]";
    }
    const bool wanted = std::find(paths_.begin(), paths_.end(), path) != paths_.end();
    return wanted && value.IsString() ? Text(value.text, path) : "";
  }

 private:
  std::string Text(const std::string& text, const std::string& path) const {
    const Value* marked = found_ == nullptr ? nullptr : found_->Find(path);
    std::set<std::string> words;
    if (marked != nullptr) {
      for (const Value& one : marked->items) {
        if (Plain(one.text, words) == text) return Json(one.text, words);
        words.clear();
      }
    }
    return Json(text, {});
  }

  /// Returns a marked text without its marks; adds the marked words to `words`.
  std::string Plain(const std::string& marked, std::set<std::string>& words) const {
    std::string plain;
    std::size_t at = 0;
    while (true) {
      const std::size_t begin = marked.find(tags_.before, at);
      const std::size_t end = begin == std::string::npos ? begin : marked.find(tags_.behind, begin);
      if (end == std::string::npos || tags_.before.empty()) return plain + marked.substr(at);
      const std::size_t word = begin + tags_.before.size();
      plain += marked.substr(at, begin - at) + marked.substr(word, end - word);
      words.insert(marked.substr(word, end - word));
      at = end + tags_.behind.size();
    }
  }

  std::string Json(const std::string& value, const std::set<std::string>& words) const {
    std::string list;
    for (const std::string& word : words) list += (list.empty() ? "" : ",") + json::Quote(word);
    const char* level = words.empty() ? "none" : words.size() >= words_ ? "full" : "partial";
    return fmt::format(
        R"({{"value":{},"matchLevel":"{}","fullyHighlighted":false,"matchedWords":[{}]}})",
        json::Quote(value), level, list);
  }

  const Value* found_;
  const query::HighlightTags& tags_;
  const std::vector<std::string>& paths_;
  std::size_t words_;
};

std::string Hits(std::string_view answer, const Value& hits, const InstantQuery& query,
                 const query::SearchRequest& request) {
  std::string out;
  const bool nothing = RetrievesNothing(query, request);
  for (const Value& hit : hits.items) {
    const Value* document = hit.Find("document");
    const Value* id = hit.Find("id");
    if (document == nullptr || id == nullptr) continue;
    out += (out.empty() ? "" : ",") + (R"({"objectID":)" + json::Quote(id->text));
    for (const auto& [name, value] : document->members) {
      if (nothing || name == "objectID" || name == "_highlightResult") continue;
      out += "," + json::Quote(name) + ":";
      out += answer.substr(value.begin, value.end - value.begin);
    }
    const std::string highlights =
        Highlights(hit.Find("highlight"), query, request).Of(*document, "");
    out += R"(,"_highlightResult":)" + (highlights.empty() ? "{}" : highlights) + "}";
  }
  return out;
}

std::string Facets(const Value& facets) {
  std::string out;
  for (const auto& [path, facet] : facets.members) {
    std::string values;
    for (const Value& value : facet.Find("values")->items) {
      const Value* key = value.Find("value");
      values += (values.empty() ? "" : ",") +
                json::Quote(key->IsString() ? key->text : json::ToText(*key)) + ":" +
                value.Find("count")->text;
    }
    out += (out.empty() ? "" : ",") + json::Quote(path) + ":{" + values + "}";
  }
  return out;
}

/// Returns the bounds that sliders show: {"price":{"min":1,"max":9,"avg":…,"sum":…}}.
std::string Bounds(const Value& facets) {
  std::string out;
  for (const auto& [path, facet] : facets.members) {
    const Value* least = facet.Find({"stats", "min"});
    if (least == nullptr || !least->IsNumber()) continue;
    out += (out.empty() ? "" : ",") + json::Quote(path) + ":{";
    for (const char* name : {"min", "max", "avg", "sum"}) {
      const Value* value = facet.Find({"stats", name});
      if (value == nullptr || !value->IsNumber()) continue;
      out += fmt::format(R"({}"{}":{})", out.back() == '{' ? "" : ",", name, value->text);
    }
    out += '}';
  }
  return out;
}

bool IsPartial(const Value& answer) {
  const Value* partial = answer.Find({"meta", "partial"});
  return partial != nullptr && partial->boolean;
}

}  // namespace

std::size_t BeginningOf(const std::string& beginning, const std::string& text) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (std::size_t at = 0; at + beginning.size() <= text.size(); ++at) {
    const bool starts =
        at == 0 || std::string_view(" _/.,;:()'&+-").find(text[at - 1]) != std::string_view::npos;
    if (starts && std::equal(beginning.begin(), beginning.end(),
                             text.begin() + static_cast<std::ptrdiff_t>(at),
                             [&](char a, char b) { return lower(a) == lower(b); })) {
      return at;
    }
  }
  return std::string::npos;
}

bool RetrievesNothing(const InstantQuery& query, const query::SearchRequest& request) {
  const Value* wanted = query.params.Find("attributesToRetrieve");
  if (wanted == nullptr || wanted->IsNull() || !request.fields.empty()) return false;
  if (wanted->IsString()) return wanted->text != "*" && wanted->text != R"(["*"])";
  return std::none_of(wanted->items.begin(), wanted->items.end(),
                      [](const Value& name) { return name.text == "*"; });
}

std::string InstantAnswer(std::string_view answer, const InstantQuery& query,
                          const query::SearchRequest& request) {
  const Value parsed = json::Parse(answer, {.max_depth = 1100, .max_values = 5'000'000});
  const Value* total = parsed.Find({"total", "value"});
  const Value* relation = parsed.Find({"total", "relation"});
  const std::int64_t found = total == nullptr ? 0 : total->AsInt().value_or(0);
  const std::int64_t size = request.per_page.value_or(20);
  const std::int64_t pages =
      size == 0 ? 0 : std::min((found + size - 1) / size, std::int64_t{10000} / size);
  const std::string place = request.offset
                                ? fmt::format(R"("offset":{},"length":{})", *request.offset, size)
                                : fmt::format(R"("page":{},"nbPages":{},"hitsPerPage":{})",
                                              request.page - 1, pages, size);
  const Value* clicks = query.params.Find("clickAnalytics");
  const bool wants_id = clicks != nullptr && (clicks->boolean || clicks->text == "true");
  const Value* request_id = parsed.Find({"meta", "request_id"});
  const std::string id =
      !wants_id || request_id == nullptr
          ? ""
          : R"("queryID":")" + base::Sha256(query.name + request_id->text).substr(0, 32) + "\",";
  const Value* took = parsed.Find({"meta", "took_ms"});
  return fmt::format(
      R"({{"index":{},{}"hits":[{}],"nbHits":{},{},"processingTimeMS":{},"query":{},"params":"","facets":{{{}}},"facets_stats":{{{}}},"exhaustiveNbHits":{},"exhaustiveFacetsCount":{}}})",
      json::Quote(query.name), id, Hits(answer, *parsed.Find("hits"), query, request), found, place,
      took == nullptr ? "0" : took->text, json::Quote(request.q), Facets(*parsed.Find("facets")),
      Bounds(*parsed.Find("facets")),
      relation != nullptr && relation->text == "eq" && !IsPartial(parsed), !IsPartial(parsed));
}

std::string InstantFacetHits(std::string_view values, const InstantQuery& query) {
  const Value parsed = json::Parse(values);
  std::string hits;
  for (const Value& value : parsed.Find("values")->items) {
    const Value* key = value.Find("value");
    const std::string text = key->IsString() ? key->text : json::ToText(*key);
    const std::size_t size = query.facet_query.size();
    const std::size_t found = BeginningOf(query.facet_query, text);
    const std::string marked = size == 0 || found == std::string::npos
                                   ? text
                                   : text.substr(0, found) + query.tags.before +
                                         text.substr(found, size) + query.tags.behind +
                                         text.substr(found + size);
    hits += fmt::format(R"({}{{"value":{},"highlighted":{},"count":{}}})", hits.empty() ? "" : ",",
                        json::Quote(text), json::Quote(marked), value.Find("count")->text);
  }
  return fmt::format(R"({{"facetHits":[{}],"exhaustiveFacetsCount":{},"processingTimeMS":0}})",
                     hits, !IsPartial(parsed));
}

}  // namespace pgsluice::api
