#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgsluice::plan {

/// Returns the schema that an id of an index over many schemas begins with; nothing if the id is a
/// hash.
std::optional<std::string> SchemaOfId(std::string_view id);
/// Returns the prefix that ids of a schema have.
std::string IdsBegin(std::string_view schema);

}  // namespace pgsluice::plan
