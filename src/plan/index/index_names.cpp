#include "pgsluice/plan/index_names.h"

#include <algorithm>
#include <array>
#include <set>

#include "pgsluice/base/hash.h"
#include "pgsluice/base/lower.h"
#include "pgsluice/config/values.h"

namespace pgsluice::plan {

namespace {

// to_regclass() fails without USAGE on the schema.
const pg::Statement kMigrated{"index_names_migrated", R"sql(
  SELECT CASE WHEN pg_catalog.has_schema_privilege(
                     pg_catalog.to_regnamespace('pgsluice')::oid, 'USAGE')
    THEN coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass('pgsluice.index_state'),
                                                 'SELECT')
                  AND pg_catalog.has_table_privilege(pg_catalog.to_regclass('pgsluice.source'),
                                                     'SELECT'), false)
    ELSE false END)sql"};

const pg::Statement kPresent{"index_names_present", R"sql(
  SELECT i.index_name, s.relation::oid::bigint
  FROM pgsluice.index_state i JOIN pgsluice.source s ON s.id = i.root_source)sql"};

bool Forbidden(char c) {
  return static_cast<unsigned char>(c) <= ' ' ||
         std::string_view("\\/*?\"<>|,#:").find(c) != std::string_view::npos;
}

/// Returns whether it is a part of the API's paths, which cannot be the name of an index.
bool IsRoute(std::string_view name) {
  static constexpr std::array kRoutes = {
      std::string_view("indexes"), std::string_view("multi-search"),
      std::string_view("instantsearch"), std::string_view("sync")};
  return std::find(kRoutes.begin(), kRoutes.end(), name) != kRoutes.end();
}

std::string WithHash(std::string_view name, std::string_view table, std::size_t digits,
                     std::size_t limit) {
  const std::size_t room = limit > digits + 1 ? limit - digits - 1 : 1;
  return std::string(base::Prefix(name, room)) + '-' + base::Fingerprint(table).substr(0, digits);
}

constexpr std::size_t kDigits = 8;

/// Returns whether it is the name of a physical index behind one of these.
bool IsBehindAny(std::string_view name, const std::set<std::string>& names) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& index) { return config::IsPhysicalName(name, index); });
}

/// Returns the table that keeps a name which several tables would get.
const catalog::Table* OwnerOf(const std::string& name,
                              const std::vector<const catalog::Table*>& tables,
                              const PresentIndexes& present) {
  const catalog::Table* owner = nullptr;
  const auto known = present.find(name);
  for (const catalog::Table* table : tables) {
    if (known != present.end() && known->second == table->oid) return table;
    const bool exact = table->name == name;
    const bool better =
        owner == nullptr || exact || (owner->name != name && table->oid < owner->oid);
    if (better) owner = table;
  }
  return owner;
}

}  // namespace

std::string IndexNameOf(std::string_view table, std::size_t limit) {
  std::string name = base::Lower(table);
  std::replace_if(name.begin(), name.end(), Forbidden, '_');
  if (name.find_first_of("-_+.") == 0 || IsRoute(name)) name.insert(0, "x");
  return name.size() > limit ? WithHash(name, table, kDigits, limit) : name;
}

std::string NameBefore(std::string_view database) {
  return database.empty() ? std::string() : IndexNameOf(database, kLongestIndexName / 2) + '.';
}

PresentIndexes ReadPresentIndexes(pg::Session& session) {
  PresentIndexes present;
  if (!session.Exec(kMigrated).Bool(0, 0)) return present;
  const pg::Result rows = session.Exec(kPresent);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    present.emplace(rows.Text(row, 0), static_cast<std::uint32_t>(rows.Int(row, 1)));
  }
  return present;
}

std::vector<std::string> IndexNames(const std::vector<const catalog::Table*>& tables,
                                    const PresentIndexes& present, std::size_t limit) {
  std::map<std::string, std::vector<const catalog::Table*>> wanting;
  for (const catalog::Table* table : tables) {
    wanting[IndexNameOf(table->name, limit)].push_back(table);
  }
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (const auto& [name, same] : wanting) taken.insert(name);
  const std::set<std::string> plains = taken;
  for (const catalog::Table* table : tables) {
    const std::string plain = IndexNameOf(table->name, limit);
    std::string other = WithHash(plain, table->name, kDigits, limit);
    const auto known = present.find(other);
    const bool had_other = known != present.end() && known->second == table->oid;
    const auto plainly = present.find(plain);
    const bool has_plain = plainly != present.end() && plainly->second == table->oid;
    const bool mine = OwnerOf(plain, wanting.at(plain), present) == table &&
                      !IsBehindAny(plain, plains) && (has_plain || !had_other);
    if (mine) {
      names.push_back(plain);
      continue;
    }
    if (!taken.insert(other).second) other = WithHash(plain, table->name, 2 * kDigits, limit);
    names.push_back(std::move(other));
  }
  return names;
}

}  // namespace pgsluice::plan
