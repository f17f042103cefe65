#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::app {

/// A configuration made from another tool's configuration.
struct Imported {
  std::string config;              ///< The text of a pgsluice.json.
  std::vector<std::string> notes;  ///< What is left out or has to be checked, with its place.
};

/// Translates a `schema.json` of PGSync, without a database. Throws Error(kReject) if `schema` is
/// not one.
Imported ImportPgsync(std::string_view schema);

}  // namespace pgsluice::app
