#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/query/search_body.h"

/// One hit per value of a field: `distinct=brand`. Documents without a value are one group.
namespace pgsluice::query {

/// `,"collapse":{…}`, or nothing if distinct was not asked. Throws Problem if the field does not
/// fit.
std::string CollapseJson(const SearchInput& input);
/// `"d":{…}`: the groups among the documents that `selected` leaves, for the total and for the
/// sizes of groups; empty if distinct was not asked.
std::string GroupsAggregation(const SearchInput& input, const Dsl& selected);
/// An aggregation that counts groups, for buckets of facets; empty if distinct was not asked.
std::string GroupCount(const SearchInput& input);

/// The groups of an answer.
class Groups {
 public:
  /// Throws Problem 502 engine_error if the engine's answer holds no groups.
  explicit Groups(std::string_view engine_answer);

  std::int64_t total() const { return total_; }
  bool exact() const { return exact_; }
  /// The values of hits whose groups were not among those of the answer, as a JSON list.
  std::string Unknown(std::string_view engine_answer) const;
  /// Learns their sizes from the engine's answer to SizesBody().
  void Learn(std::string_view engine_answer);

  /// Appends `{"value":…,"count":n}` of a hit; `fields`: the engine's list of what it collapsed by.
  void Append(std::string& out, std::string_view fields) const;

 private:
  void Read(const json::Value& buckets);

  std::map<std::string, std::int64_t, std::less<>> sizes_;  ///< By the value's JSON.
  std::int64_t total_ = 0, missing_ = 0;
  bool exact_ = true;
};

/// A search for the sizes of some groups.
std::string SizesBody(const SearchInput& input, const std::string& values);

/// What is inside a cursor of a search with distinct: how many groups to leave out. The engines
/// have no other way to go on behind a group.
std::string OffsetPayload(int offset);
/// Throws Problem 400 invalid_cursor.
int ReadOffset(std::string_view payload);

}  // namespace pgsluice::query
