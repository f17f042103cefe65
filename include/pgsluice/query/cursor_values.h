#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pgsluice/query/problem.h"
#include "pgsluice/query/search_body.h"

/// The content of a cursor: the types of the sort keys, and the sort values of the last hit. It is
/// parsed and checked when it is written and when it is read, and never passed on as text.
namespace pgsluice::query {

/// Returns the payload of a cursor after a hit with these sort values (JSON from the engine).
/// Throws Problem 502 engine_error unless they are one scalar of the right type per sort key.
std::string CursorPayload(const SearchInput& input, std::string_view sort_values);
/// Returns the JSON array for "search_after". Throws Problem 410 cursor_expired if the fields have
/// other types now, and 400 invalid_cursor if the payload does not fit the search in another way.
std::string SearchAfter(const SearchInput& input, std::string_view payload);

/// Returns the time from which ages are counted on every page, if any are.
std::optional<std::int64_t> CursorTime(std::string_view payload);

[[noreturn]] void RejectCursor();
Problem CursorExpired(const std::string& why);

}  // namespace pgsluice::query
