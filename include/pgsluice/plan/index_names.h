#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/pg/session.h"

/// The names of indexes if no configuration gives any: one for each table.
namespace pgsluice::plan {

/// The longest name of an index with its prefix. 255 bytes is the engines' limit, and the indexes
/// behind an alias are called "NAME-000001", while they are built "NAME-000002-next".
inline constexpr std::size_t kLongestIndexName = 200;

/// Returns a table's name as index name: lower case, `_` for what the engines forbid, "x" in front
/// of what may not come first. A name over `limit` bytes is cut and ends with a hash.
std::string IndexNameOf(std::string_view table, std::size_t limit = kLongestIndexName);

/// "shop." of database "Shop": what the index names of its tables begin with. "" of no name.
std::string NameBefore(std::string_view database);

/// The oid of each index's root table, as the database remembers it. Empty before the migrations.
using PresentIndexes = std::map<std::string, std::uint32_t>;
PresentIndexes ReadPresentIndexes(pg::Session& session);

/// Returns the index names of tables, in their order. If several tables would have the same one, it
/// stays with the table that has it at present, else it goes to the table that is called so, else
/// to the oldest; the others' names end with a hash of the table's name.
std::vector<std::string> IndexNames(const std::vector<const catalog::Table*>& tables,
                                    const PresentIndexes& present,
                                    std::size_t limit = kLongestIndexName);

}  // namespace pgsluice::plan
