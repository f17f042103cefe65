#pragma once

#include <string>
#include <string_view>

/// Statements over tables in many schemas are created once, with placeholders for the schema, which
/// are replaced before each use. The placeholders are control characters, which no name and no
/// configured SQL contains.
namespace pgsluice::plan {

/// The placeholder of the schema's name, quoted as an identifier. Tables of such a schema have it
/// as their schema's name.
inline constexpr std::string_view kSchemaPlace = "\x01";
/// The placeholders of expressions: the name as text; the first part of ids; the name's JSON as
/// text; the oid of the root table.
inline constexpr std::string_view kTextPlace = "\x02";
inline constexpr std::string_view kFirstPlace = "\x03";
inline constexpr std::string_view kJsonPlace = "\x04";
inline constexpr std::string_view kOidPlace = "\x05";

/// Replaces the placeholders for one schema.
class SchemaBinding {
 public:
  SchemaBinding(std::string_view schema, std::string_view root_oid);
  /// Returns the statement for the schema.
  std::string Sql(std::string_view sql) const;
  /// Returns a text for people, such as a message, for the schema.
  std::string Text(std::string_view text) const;

 private:
  std::string schema_, name_, name_in_text_, text_, first_, json_, oid_;
};

}  // namespace pgsluice::plan
