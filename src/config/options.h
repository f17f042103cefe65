#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The one table of everything that can be configured. Reading, checking, environment variables,
/// flags, defaults, `config print` and `config schema` are all driven by it.
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
  kAnyObject,  ///< Passed on as it is.
  kAggregate,  ///< "count", or {"sum": "column"}, min, max, avg.
};

struct Option {
  using Members = const std::vector<Option>& (*)();
  /// Answers what is wrong with a text, or nothing.
  using Check = std::optional<std::string> (*)(std::string_view);

  std::string name;
  Type type = Type::kString;
  std::string description{};
  std::string default_json{};  ///< Empty: absent unless given.
  std::string environment{};   ///< "PGSLUICE_…"; empty: only in the file.
  std::string flag{};          ///< Without the dashes; empty: none.
  bool secret = false;         ///< Masked when printed; also as environment + "_FILE".
  bool url = false;            ///< Only the password in it is masked; also as "_FILE".
  bool nullable = false;
  bool required = false;
  std::vector<std::string> allowed{};
  double min = std::numeric_limits<double>::lowest();
  double max = std::numeric_limits<double>::max();
  Check check = nullptr;
  std::string pattern{};  ///< For the JSON Schema; `check` is what counts.
  Members members = nullptr;
  Type item = Type::kString;  ///< Of a kMap without members.
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
