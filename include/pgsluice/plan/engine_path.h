#pragma once

#include <string>
#include <string_view>

namespace pgsluice::plan {

/// Returns whether a name has a special meaning in the engines' queries: `*` matches any text, and
/// `^` begins a weight. Neither can be escaped.
bool IsPattern(std::string_view name);

/// Returns the path by which queries name a field, or the field `sub` in its mapping's "fields".
/// This is the field's own path unless its last part is a pattern; then it is the path of an alias
/// that the mapping has for the field.
std::string EnginePath(std::string_view path, std::string_view sub = {});

/// Returns whether the engines reserve a name at the top of a document.
bool IsMetadata(std::string_view name);

/// Returns a field name for a column: replaces a dot by `_`, because it would make an object, and
/// puts "x" in front of names that are reserved, at the `top` of a document or everywhere. The name
/// of a `container` (an object, a JSON value) appears in other paths, so it must not be a pattern
/// either.
std::string FieldNameOf(std::string_view column, bool top, bool container);

}  // namespace pgsluice::plan
