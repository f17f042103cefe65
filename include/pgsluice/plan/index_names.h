#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/pg/session.h"

/// The names of indexes if no configuration gives any: one per table.
namespace pgsluice::plan {

/// The longest name of an index with its prefix. The engines' limit is 255 bytes, and the indexes
/// behind an alias are named "NAME-000001", or "NAME-000002-next" while they are built.
inline constexpr std::size_t kLongestIndexName = 200;

/// Returns an index name for a table: lower case, `_` for characters that the engines forbid, "x"
/// in front of those that may not come first. A name over `limit` bytes is shortened and ends with
/// a hash.
std::string IndexNameOf(std::string_view table, std::size_t limit = kLongestIndexName);

/// Returns the prefix of a database's index names: "shop." for "Shop", "" for no name.
std::string NameBefore(std::string_view database);

/// The oid of each index's root table, as stored in the database. Empty before the migrations.
using PresentIndexes = std::map<std::string, std::uint32_t>;
PresentIndexes ReadPresentIndexes(pg::Session& session);

/// Returns the index names of tables, in their order. If several tables would get the same one, it
/// belongs to the table that has it at present, else to the table with exactly this name, else to
/// the oldest. The other names end with a hash of the table's name.
std::vector<std::string> IndexNames(const std::vector<const catalog::Table*>& tables,
                                    const PresentIndexes& present,
                                    std::size_t limit = kLongestIndexName);

}  // namespace pgsluice::plan
