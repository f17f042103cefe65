#pragma once

#include <string>
#include <string_view>

namespace pgsluice::plan {

/// Whether the engines take a name in a query for more than a name: `*` stands for any text, and
/// `^` begins a weight. There is no way to escape either.
bool IsPattern(std::string_view name);

/// Returns the path by which queries name a field, or the field `sub` in its mapping's "fields". It
/// is its own one, unless the last part of `path` is a pattern: then it is that of an alias, which
/// the mapping has beside the field.
std::string EnginePath(std::string_view path, std::string_view sub = {});

/// Whether the engines keep a name for themselves at the top of a document.
bool IsMetadata(std::string_view name);

/// Returns a column's name as the name of a field: `_` for a dot, which would make an object, and
/// "x" in front of names that are taken, at the `top` of a document or everywhere. A `container` is
/// named in paths of others (an object, a JSON value), so it must not be a pattern either.
std::string FieldNameOf(std::string_view column, bool top, bool container);

}  // namespace pgsluice::plan
