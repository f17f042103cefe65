#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/json/value.h"
#include "pgsluice/query/projection.h"
#include "pgsluice/query/search_body.h"

namespace pgsluice::query {

/// Facts of the engine's answer that other parts of our answer need.
struct AnswerFacts {
  std::int64_t engine_ms = 0;
  bool partial = false;
  std::size_t hits = 0;  ///< On this page.
  bool counted = false;  ///< Whether `total` is known.
  std::int64_t total = 0;
  std::string last_sort;  ///< Sort values of the last hit when the page is full; else empty.
};

/// Parses a part of an answer. Throws Problem 502 engine_error if it is larger than any request
/// asks for.
json::Value ParsePart(std::string_view text);
/// Returns whether all shards have answered, from `_shards` of an answer. A shard without an active
/// copy counts as neither successful nor failed.
bool AllAnswered(const json::Value& shards);

/// Appends `"hits":[…],"total":…,"facets":…` from the engine's answer to SearchBody(). Copies
/// documents as text. Throws Problem 502 engine_error if the answer has another form. The text must
/// have been validated before.
AnswerFacts AppendAnswer(std::string& out, std::string_view engine_answer, const SearchInput& input,
                         const Projection& projection);

}  // namespace pgsluice::query
