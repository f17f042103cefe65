#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The table of everything that can be configured. Reading, checking, environment variables, flags,
/// defaults, `config print` and `config schema` are all driven by it.
namespace pgsluice::config {

enum class Type {
  kString,
  kInteger,
  kNumber,
  kBool,
  kBytes,      ///< "5MB" or a plain number.
  kStrings,    ///< A list of strings.
  kObject,     ///< With `members`.
  kObjects,    ///< A list of objects with `members`.
  kMap,        ///< Any name -> `item`, or an object with `members`.
  kAnyObject,  ///< Passed on without checks.
  kAggregate,  ///< "count", or {"sum": "column"}, min, max, avg.
};

struct Option {
  using Members = const std::vector<Option>& (*)();
  /// Returns what is wrong with a text, or nullopt.
  using Check = std::optional<std::string> (*)(std::string_view);

  std::string name;
  Type type = Type::kString;
  std::string description{};
  std::string default_json{};  ///< Empty: absent unless given.
  std::string environment{};   ///< "PGSLUICE_…"; empty: none.
  std::string flag{};          ///< Without the dashes; empty: none.
  bool secret = false;         ///< Masked when printed; NAME_FILE can name a file with it.
  bool url = false;            ///< Only its password is masked; NAME_FILE can name a file with it.
  bool nullable = false;
  bool required = false;
  std::vector<std::string> allowed{};
  double min = std::numeric_limits<double>::lowest();
  double max = std::numeric_limits<double>::max();
  Check check = nullptr;
  std::string pattern{};  ///< For the JSON Schema; `check` decides.
  Members members = nullptr;
  Type item = Type::kString;  ///< For a kMap without members.
};

const std::vector<Option>& RootOptions();
const std::vector<Option>& IndexOptions();
const std::vector<Option>& AuthOptions();

/// An option that an environment variable or a flag can set, with its path from the root.
struct Setting {
  std::vector<std::string> path;
  const Option* option;
};
std::vector<Setting> Settings();

}  // namespace pgsluice::config
