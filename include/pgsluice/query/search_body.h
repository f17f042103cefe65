#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pgsluice/query/facets.h"
#include "pgsluice/query/filter_dsl.h"
#include "pgsluice/query/ranking.h"
#include "pgsluice/query/request.h"
#include "pgsluice/query/schema.h"

namespace pgsluice::query {

/// The marks around found words, for clients that escape the rest themselves.
struct HighlightTags {
  std::string before, behind;
};

class Analysis;
class Groups;
class Vocabulary;

/// What is needed to read `q`. Null: use the plan's configuration, no vocabulary, ASCII words.
struct TextTools {
  const config::Search* search = nullptr;
  const Vocabulary* vocabulary = nullptr;
  const Analysis* analysis = nullptr;

  /// Returns the same tools, with missing ones filled in.
  TextTools Or(const config::Search& configured) const;
};

/// Everything that a body is made from. `allowed` is the policy's filter, already translated.
struct SearchInput {
  const Schema& schema;
  const SearchRequest& request;
  Dsl allowed;
  bool opensearch = false;
  std::string after;  ///< Sort values of the last hit, a JSON array; empty: from the start.
  std::optional<HighlightTags> tags = {};  ///< Whole fields, unescaped, instead of fragments.
  TextTools tools = {};
  Tuning tuning = {};
  int skip = 0;                    ///< With distinct: how many hits to skip after a cursor.
  const Groups* groups = nullptr;  ///< With distinct: the groups of the answer.
};

/// Returns the body of a _search. Throws Problem for paths that do not exist or do not fit.
std::string SearchBody(const SearchInput& input);
/// Returns the query alone, including facet selections: {"query":…}, for _count.
std::string CountBody(const SearchInput& input);

/// The type of one sort value of a hit. Values of different types cannot be compared.
struct SortType {
  std::string name;  ///< The field's engine type (or "ordinal" of an enum), "_score", "__id".
  bool number = false;
};
/// Returns one per sort value, in their order; the id is always the last.
std::vector<SortType> SortTypes(const SearchInput& input);
int PerPage(const SearchInput& input);
/// Returns the words, "phrases" and -exclusions of `q` as written.
std::vector<std::string> PartsOf(const std::string& q);
/// Returns q as a scoring query; empty if q is empty.
std::string TextQuery(const Schema& schema, const SearchRequest& request,
                      const TextTools& tools = {});

}  // namespace pgsluice::query
