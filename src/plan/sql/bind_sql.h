#pragma once

#include <string>
#include <string_view>

/// Statements over tables in many schemas are made once, with places for the schema, and get its
/// name when they are run. No name and no SQL of anybody's contains these.
namespace pgsluice::plan {

/// Stands for the schema's name, quoted as an identifier: tables of such a schema have it as the
/// name of theirs.
inline constexpr std::string_view kSchemaPlace = "\x01";
/// Stand for expressions: the name as text; the first part of ids; the name's JSON as text; the oid
/// of the root table.
inline constexpr std::string_view kTextPlace = "\x02";
inline constexpr std::string_view kFirstPlace = "\x03";
inline constexpr std::string_view kJsonPlace = "\x04";
inline constexpr std::string_view kOidPlace = "\x05";

/// What stands in these places for one schema.
class SchemaBinding {
 public:
  SchemaBinding(std::string_view schema, std::string_view root_oid);
  /// The statement of the schema.
  std::string Sql(std::string_view sql) const;
  /// The same for a text that people read.
  std::string Text(std::string_view text) const;

 private:
  std::string schema_, name_, name_in_text_, text_, first_, json_, oid_;
};

}  // namespace pgsluice::plan
