#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgsluice::plan {

/// The schema that an id of an index over many schemas begins with; nothing if it is a hash.
std::optional<std::string> SchemaOfId(std::string_view id);
/// What ids of a schema begin with.
std::string IdsBegin(std::string_view schema);

}  // namespace pgsluice::plan
