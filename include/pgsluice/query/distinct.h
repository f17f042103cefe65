#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/query/search_body.h"

/// One hit per value of a field: `distinct=brand`. Documents without a value are one group.
namespace pgsluice::query {

/// Returns `,"collapse":{…}`, or nothing without `distinct`. Throws Problem if the field does not
/// fit.
std::string CollapseJson(const SearchInput& input);
/// Returns `"d":{…}`: the groups among the documents that `selected` selects, for the total and for
/// the sizes of groups; empty without `distinct`.
std::string GroupsAggregation(const SearchInput& input, const Dsl& selected);
/// Returns an aggregation that counts groups in the buckets of facets; empty without `distinct`.
std::string GroupCount(const SearchInput& input);

/// The groups of an answer.
class Groups {
 public:
  /// Throws Problem 502 engine_error if the engine's answer contains no groups.
  explicit Groups(std::string_view engine_answer);

  std::int64_t total() const { return total_; }
  bool exact() const { return exact_; }
  /// Returns the values of hits whose groups were not in the answer, as a JSON list.
  std::string Unknown(std::string_view engine_answer) const;
  /// Adds their sizes from the engine's answer to SizesBody().
  void Learn(std::string_view engine_answer);

  /// Appends `{"value":…,"count":n}` for a hit; `fields`: the engine's list of the collapse values.
  void Append(std::string& out, std::string_view fields) const;

 private:
  void Read(const json::Value& buckets);

  std::map<std::string, std::int64_t, std::less<>> sizes_;  ///< By the value's JSON.
  std::int64_t total_ = 0, missing_ = 0;
  bool exact_ = true;
};

/// Returns a search for the sizes of some groups.
std::string SizesBody(const SearchInput& input, const std::string& values);

/// Returns the payload of a cursor with distinct: the number of groups to skip, because the engines
/// cannot continue after a group.
std::string OffsetPayload(int offset);
/// Throws Problem 400 invalid_cursor.
int ReadOffset(std::string_view payload);

}  // namespace pgsluice::query
