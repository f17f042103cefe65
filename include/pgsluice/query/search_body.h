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

/// What stands around found words, for clients that escape the rest themselves.
struct HighlightTags {
  std::string before, behind;
};

class Analysis;
class Groups;
class Vocabulary;

/// What `q` is read with. Null: what the plan's configuration says, no vocabulary, ASCII words.
struct TextTools {
  const config::Search* search = nullptr;
  const Vocabulary* vocabulary = nullptr;
  const Analysis* analysis = nullptr;

  /// The same with nothing missing.
  TextTools Or(const config::Search& configured) const;
};

/// Everything a body is made from. `allowed` is the policy's filter, already translated.
struct SearchInput {
  const Schema& schema;
  const SearchRequest& request;
  Dsl allowed;
  bool opensearch = false;
  std::string after;  ///< Sort values of the last hit, a JSON array; empty: from the start.
  std::optional<HighlightTags> tags = {};  ///< Whole fields, unescaped, instead of fragments.
  TextTools tools = {};
  Tuning tuning = {};
  int skip = 0;                    ///< With distinct: how many hits a cursor leaves out.
  const Groups* groups = nullptr;  ///< With distinct: those of the answer.
};

/// The body of a _search. Throws Problem for paths that do not exist or do not fit.
std::string SearchBody(const SearchInput& input);
/// The query alone, facet selections within: {"query":…}, for _count.
std::string CountBody(const SearchInput& input);

/// What one sort value of a hit is. Values of other types cannot be compared with it.
struct SortType {
  std::string name;  ///< The field's engine type (or "ordinal" of an enum), "_score", "__id".
  bool number = false;
};
/// One per sort value, in their order; the id is always the last.
std::vector<SortType> SortTypes(const SearchInput& input);
int PerPage(const SearchInput& input);
/// The words, "phrases" and -exclusions of `q` as they are written.
std::vector<std::string> PartsOf(const std::string& q);
/// q as a scoring query; empty when q is empty.
std::string TextQuery(const Schema& schema, const SearchRequest& request,
                      const TextTools& tools = {});

}  // namespace pgsluice::query
