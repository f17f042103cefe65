#pragma once

#include <memory>
#include <string>

#include "api/auth/access.h"
#include "api/settings.h"
#include "pgsluice/api/server.h"
#include "pgsluice/query/analysis.h"
#include "pgsluice/query/search_body.h"

namespace pgsluice::api {

/// A request with the index it names, as this caller may see it.
struct ResolvedRequest {
  IndexInfo index;
  query::Schema schema;  ///< The fields that the caller may see.
  query::SearchRequest request;
  query::Dsl allowed;  ///< The policy's filter.
  Access access;
  std::shared_ptr<const Settings::Search> search;  ///< Null: as in the plan.
  std::shared_ptr<const query::Analysis> analysis;
  std::string fallback = {};  ///< How the query was changed because it found nothing.
  query::RuleEffect rules = {};

  /// Finds the rules that apply to `request`. Call again if the request was changed.
  void UseRules() {
    rules = {};
    if (search != nullptr && request.use_rules) rules = search->rules.For(request.q);
  }
  /// Returns the input for the query translation. It points into this object.
  query::SearchInput Input() const {
    query::TextTools tools{nullptr, nullptr, analysis.get()};
    if (search != nullptr) {
      tools.search = &search->options;
      tools.vocabulary = &search->vocabulary;
    }
    query::Tuning tuning;
    if (search != nullptr) tuning = {&search->ranking, &rules, 0};
    return {schema, request, allowed, false, {}, {}, tools, tuning};
  }
};

}  // namespace pgsluice::api
