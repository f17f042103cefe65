#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/options.h"
#include "pgsluice/config/finding.h"
#include "pgsluice/json/value.h"

namespace pgsluice::config {

/// Where values came from, so that findings can name the place.
struct Origin {
  std::string file;                                ///< As given; empty: no file.
  std::string text;                                ///< Its contents.
  std::map<std::string, std::string> overrides{};  ///< Path -> the variable or flag that set it.

  /// Returns "pgsluice.json, line 3, column 5: indexes.projects.tabel", or the variable or flag.
  std::string Place(const std::string& path, const json::Value* value) const;
};

/// Compares a JSON value with the option table. Returns a copy that contains only correct values,
/// with the defaults filled in.
class Checker {
 public:
  Checker(const Origin& origin, Findings& findings) : origin_(origin), findings_(findings) {}

  json::Value Object(const std::vector<Option>& options, const json::Value& given,
                     const std::string& path);

 private:
  std::optional<json::Value> One(const Option& option, const json::Value& given,
                                 const std::string& path);
  std::optional<json::Value> Text(const Option& option, const json::Value& given,
                                  const std::string& path);
  std::optional<json::Value> Number(const Option& option, const json::Value& given,
                                    const std::string& path);
  std::optional<json::Value> Strings(const Option& option, const json::Value& given,
                                     const std::string& path);
  std::optional<json::Value> Objects(const Option& option, const json::Value& given,
                                     const std::string& path);
  std::optional<json::Value> Map(const Option& option, const json::Value& given,
                                 const std::string& path);
  std::optional<json::Value> Aggregate(const json::Value& given, const std::string& path);
  void Unknown(const std::vector<Option>& options, const json::Value& given,
               const std::string& path);
  std::nullopt_t Wrong(const json::Value& given, const std::string& path,
                       const std::string& message, const std::string& hint = {});

  const Origin& origin_;
  Findings& findings_;
};

}  // namespace pgsluice::config
