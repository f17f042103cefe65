#include "pgsluice/config/databases.h"

namespace pgsluice::config {

bool HasNames(const Config& config) {
  return config.database.all || !config.databases.empty() || !config.database.name.empty();
}

Config ForDatabase(const Config& config, const Database& database) {
  Config one = config;
  one.database = database;
  one.databases.clear();
  std::erase_if(one.indexes, [&](const Index& index) { return index.database != database.name; });
  return one;
}

std::vector<Config> PerDatabase(const Config& config) {
  if (!HasNames(config)) return {config};
  std::vector<Config> each;
  for (const Database& database : config.databases) each.push_back(ForDatabase(config, database));
  return each;
}

}  // namespace pgsluice::config
