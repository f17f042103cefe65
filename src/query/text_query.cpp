#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>

#include "pgsluice/json/writer.h"
#include "pgsluice/query/problem.h"
#include "pgsluice/query/search_body.h"

namespace pgsluice::query {

namespace {

struct Term {
  std::string text;
  bool phrase = false;
  bool excluded = false;
};

/// Words, "phrases" and -exclusions.
std::vector<Term> Terms(const std::string& q) {
  std::vector<Term> terms;
  std::size_t at = 0;
  while (at < q.size()) {
    if (std::isspace(static_cast<unsigned char>(q[at])) != 0) {
      ++at;
      continue;
    }
    Term term;
    if (q[at] == '-' && at + 1 < q.size() && q[at + 1] != ' ') {
      term.excluded = true;
      ++at;
    }
    term.phrase = q[at] == '"';
    const std::size_t start = term.phrase ? at + 1 : at;
    const std::size_t end = std::min(q.find(term.phrase ? '"' : ' ', start), q.size());
    term.text = q.substr(start, end - start);
    at = end + 1;
    if (!term.text.empty()) terms.push_back(std::move(term));
  }
  return terms;
}

/// One place to look: root fields together, or the fields of one nested path.
struct Group {
  std::string nested_path;
  std::vector<std::string> fields;  ///< "title^3".
};

std::vector<Group> Groups(const Schema& schema, const SearchRequest& request) {
  std::vector<std::pair<std::string, double>> weights = request.q_fields;
  if (weights.empty()) {
    for (const auto& [path, weight] : schema.plan().config.search.fields) {
      if (schema.Find(path) != nullptr) weights.emplace_back(path, weight);
    }
  }
  if (weights.empty()) {
    for (const document::Field* field : schema.fields()) {
      if (IsSearchable(*field)) weights.emplace_back(field->path, 1);
    }
  }
  std::vector<Group> groups;
  for (const auto& [path, weight] : weights) {
    const document::Field* field = schema.Find(path);
    if (field == nullptr || !IsSearchable(*field)) {
      Reject(
          "unknown_field", request.q_fields_parameter, std::nullopt,
          field == nullptr ? schema.Unknown(path, nullptr) : fmt::format("'{}' is no text", path));
    }
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& known) {
      return known.nested_path == field->nested_path;
    });
    if (group == groups.end()) group = groups.insert(groups.end(), {field->nested_path, {}});
    group->fields.push_back(fmt::format("{}^{}", path, weight));
  }
  return groups;
}

std::string AnyShould(const std::vector<std::string>& parts) {
  return fmt::format(R"({{"bool":{{"minimum_should_match":1,"should":[{}]}}}})",
                     fmt::join(parts, ","));
}

class TextBuilder {
 public:
  TextBuilder(const Schema& schema, const SearchRequest& request)
      : request_(request), groups_(Groups(schema, request)) {
    if (request.q_fields.empty() && !schema.HidesText()) {
      recall_ = {{"", {"__all"}}};
    } else {
      recall_ = groups_;
    }
  }

  std::string Build() {
    const std::vector<Term> terms = Terms(request_.q);
    std::vector<std::string> required;
    std::vector<std::string> excluded;
    std::string plain;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      const Term& term = terms[i];
      if (term.excluded) {
        excluded.push_back(Exact(recall_, term.text, term.phrase ? "phrase" : "best_fields", 1));
        continue;
      }
      if (!plain.empty()) plain += ' ';
      plain += term.text;
      required.push_back(term.phrase ? Exact(recall_, term.text, "phrase", 1)
                                     : Word(term.text, i + 1 == terms.size()));
    }
    std::string out = R"({"bool":{)";
    if (!required.empty()) {
      out += R"("must":[{"bool":{"minimum_should_match":")";
      out += request_.match == SearchRequest::Match::kAll   ? "100%"
             : request_.match == SearchRequest::Match::kAny ? "1"
                                                            : "2<75%";
      out +=
          fmt::format(R"(","should":[{}]}}}}],"should":[{},{}])", fmt::join(required, ","),
                      Exact(groups_, plain, "best_fields", 2), Exact(groups_, plain, "phrase", 2));
    } else {
      out += R"("must":[{"match_all":{}}])";
    }
    out += fmt::format(R"(,"must_not":[{}]}}}})", fmt::join(excluded, ","));
    return out;
  }

 private:
  static std::string Over(const Group& group, const std::string& text, const std::string& options) {
    const std::string match = fmt::format(R"({{"multi_match":{{"query":{},"fields":{}{}}}}})",
                                          json::Quote(text), Names(group), options);
    if (group.nested_path.empty()) return match;
    return fmt::format(R"({{"nested":{{"path":{},"score_mode":"max","query":{}}}}})",
                       json::Quote(group.nested_path), match);
  }

  static std::string Names(const Group& group) {
    std::string names = "[";
    for (const std::string& field : group.fields) {
      if (names.size() > 1) names += ',';
      json::AppendString(names, field);
    }
    return names + "]";
  }

  static std::string Exact(const std::vector<Group>& groups, const std::string& text,
                           std::string_view type, int boost) {
    std::vector<std::string> parts;
    for (const Group& group : groups) {
      parts.push_back(Over(group, text,
                           fmt::format(R"(,"type":"{}","boost":{}{})", type, boost,
                                       type == "phrase" ? "" : R"(,"tie_breaker":0.3)")));
    }
    if (parts.empty()) return R"({"match_none":{}})";
    return AnyShould(parts);
  }

  static std::string Fuzzy(const std::string& distance) {
    return fmt::format(R"(,"fuzziness":"{}","prefix_length":1,"max_expansions":50)", distance);
  }

  /// A word with its typos and, when it is the last one, what begins with it. Words with digits are
  /// names of things: exact.
  std::string Word(const std::string& word, bool last) const {
    const bool digits =
        std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
    const std::string all = R"(,"operator":"and")";
    std::vector<std::string> ways = {all};
    if (request_.typos != 0 && !digits) {
      ways = {all + Fuzzy(request_.typos < 0 ? "AUTO:4,8" : std::to_string(request_.typos))};
      // A word that is two letters off must not come before one that is one letter off because it
      // is rarer.
      const bool two = request_.typos == 2 || (request_.typos < 0 && word.size() >= 8);
      if (two) ways.push_back(all + Fuzzy("1"));
    }
    std::vector<std::string> parts;
    for (const Group& group : recall_) {
      for (const std::string& way : ways) parts.push_back(Over(group, word, way));
      if (last && request_.prefix) {
        parts.push_back(Over(group, word, R"(,"type":"bool_prefix","operator":"and")"));
      }
    }
    if (parts.empty()) return R"({"match_none":{}})";
    return AnyShould(parts);
  }

  const SearchRequest& request_;
  std::vector<Group> groups_, recall_;
};

}  // namespace

std::string TextQuery(const Schema& schema, const SearchRequest& request) {
  TextBuilder builder(schema, request);
  return Terms(request.q).empty() ? "" : builder.Build();
}

}  // namespace pgsluice::query
