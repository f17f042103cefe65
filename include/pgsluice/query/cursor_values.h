#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pgsluice/query/problem.h"
#include "pgsluice/query/search_body.h"

/// What is inside a cursor: the types of the sort and the sort values of the last hit. Both ways it
/// is parsed, compared with what the search sorts by, and written anew.
namespace pgsluice::query {

/// The payload of a cursor behind a hit with these sort values (JSON, as the engine wrote them).
/// Throws Problem 502 engine_error if they are not one scalar of the right type per sort key.
std::string CursorPayload(const SearchInput& input, std::string_view sort_values);
/// The JSON array for "search_after". Throws Problem 410 cursor_expired if the fields have other
/// types by now, 400 invalid_cursor for anything else that does not fit the search.
std::string SearchAfter(const SearchInput& input, std::string_view payload);

/// The time from which ages are counted on every page, if any are.
std::optional<std::int64_t> CursorTime(std::string_view payload);

[[noreturn]] void RejectCursor();
Problem CursorExpired(const std::string& why);

}  // namespace pgsluice::query
