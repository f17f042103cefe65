#pragma once

#include <map>
#include <string>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/pg/session.h"

namespace pgsluice::catalog {

/// Assembles tables from the rows of the catalog statements. The caller's transaction provides one
/// snapshot for all of them.
class Loader {
 public:
  explicit Loader(pg::Session& session) : session_(session) {}

  std::vector<Table> Tables();
  /// Returns the foreign keys of the tables that were read before.
  std::vector<ForeignKey> ForeignKeys();

 private:
  void ReadRelations();
  void ReadLayouts();
  void ReadColumns();
  void ReadIndexes();
  void ReadDescendants();
  Table* Find(std::uint32_t oid);

  pg::Session& session_;
  std::vector<Table> tables_;
  std::map<std::uint32_t, std::size_t> places_;
};

}  // namespace pgsluice::catalog
