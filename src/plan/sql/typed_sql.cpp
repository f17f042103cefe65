#include "plan/sql/typed_sql.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "plan/sql/value_sql.h"

namespace pgsluice::plan {

namespace {

/// Returns whether the type comes from an extension. Only a superuser can create a base type, and
/// casts and operators for it.
bool FromExtension(const catalog::TypeInfo& type) { return type.kind == 'b' && !type.array; }

bool Trusted(const catalog::TypeInfo& type) { return type.BuiltIn() || FromExtension(type); }

catalog::TypeInfo Peeled(const catalog::TypeInfo& type) {
  catalog::TypeInfo base = type;
  base.sql = type.base_sql;
  base.domain = false;
  return base;
}

catalog::TypeInfo Text() {
  catalog::TypeInfo text;
  text.oid = 25;
  text.base = text.sql = text.base_sql = "text";
  text.schema = "pg_catalog";
  return text;
}

}  // namespace

std::string TypedSql(const catalog::TypeInfo& type, const std::string& x) {
  const std::string typed = fmt::format("pgsluice.typed({}, NULL::{})", x, type.sql);
  return type.domain ? fmt::format("({})::{}", typed, type.base_sql) : typed;
}

std::string TextSql(const catalog::TypeInfo& type, const std::string& x) {
  if (type.BuiltIn()) return fmt::format("({})::text", TypedSql(type, x));
  return fmt::format("CASE WHEN num_nulls({0}) = 0 THEN concat({0}) END", x);
}

std::string HasValueSql(const catalog::TypeInfo& type, const std::string& x) {
  return type.kind == 'c' ? fmt::format("num_nulls({}) = 0", x) : x + " IS NOT NULL";
}

catalog::TypeInfo ComparedType(const catalog::TypeInfo& type) {
  return Trusted(type) || (type.kind == 'e' && !type.ambiguous) ? Peeled(type) : Text();
}

std::string ComparedSql(const catalog::TypeInfo& type, const std::string& x) {
  return ComparedType(type).oid == type.oid ? TypedSql(type, x) : TextSql(type, x);
}

std::string AskedSql(const catalog::TypeInfo& type, const std::string& text) {
  if (Trusted(type)) return fmt::format("({})::{}", text, type.base_sql);
  if (ComparedType(type).oid != type.oid) return text;
  // A cast could be user-defined; this calls the input function of the enum.
  return fmt::format(
      "(SELECT \"pgsluice a\".k FROM jsonb_to_record(jsonb_build_object('k', {})) AS \"pgsluice "
      "a\" "
      "(k {}))",
      text, type.base_sql);
}

std::string AskedTextSql(const catalog::TypeInfo& type, const std::string& text) {
  if (!Trusted(type)) return text;
  return TextSql(Peeled(type), fmt::format("({})::{}", text, type.base_sql));
}

namespace {

/// Keys contain values of these types as JSON, in another form than their text.
bool HasShortText(const catalog::TypeInfo& type) {
  static constexpr std::array kShort = {
      std::string_view("int2"), std::string_view("int4"),      std::string_view("int8"),
      std::string_view("oid"),  std::string_view("uuid"),      std::string_view("bool"),
      std::string_view("date"), std::string_view("timestamp"), std::string_view("timestamptz")};
  return !type.array && type.BuiltIn() &&
         std::find(kShort.begin(), kShort.end(), type.base) != kShort.end();
}

}  // namespace

std::string RowTextSql(const catalog::TypeInfo& type, const std::string& x) {
  if (HasShortText(type)) return TextSql(type, x);
  return fmt::format(
      "CASE WHEN num_nulls({0}) = 0 THEN CASE WHEN pg_column_size({0}) < 1000 THEN concat({0}) "
      "ELSE "
      "pgsluice.key_text({0}) END END",
      x);
}

std::string AskedRowTextSql(const catalog::TypeInfo& type, const std::string& text) {
  return HasShortText(type) ? AskedTextSql(type, text) : text;
}

bool MayBeLong(const catalog::TypeInfo& type) {
  return type.array || type.base == "text" || type.base == "varchar" || type.base == "bytea" ||
         type.base.empty();
}

std::string EqualsSql(const catalog::TypeInfo& type) {
  if (type.BuiltIn() || !FromExtension(type)) return "=";
  return fmt::format("OPERATOR({}.=)", Quoted(type.schema));
}

}  // namespace pgsluice::plan
