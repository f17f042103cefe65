#pragma once

#include <string>
#include <vector>

namespace pgsluice::migrate {

/// One file of migrations/, compiled into the binary.
struct Migration {
  int number;        ///< From the file's name; migrations are applied in this order.
  std::string name;  ///< The file's name without ".sql".
  std::string sql;   ///< The whole text.
};

/// All migrations, in order. Generated at build time by src/cmake/embed_migrations.cmake.
const std::vector<Migration>& EmbeddedMigrations();

}  // namespace pgsluice::migrate
