#include "plan/sql/json_sql.h"

#include <spdlog/fmt/fmt.h>

#include "plan/index/type_rules.h"

namespace pgsluice::plan {

namespace {

constexpr const char* kUnsafe = R"(\\u(0000|[dD][89a-fA-F])|[0-9][eE][+-]?[0-9]{4})";
constexpr const char* kPairs = R"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})";

/// Returns a condition: nested too deep, or with numbers too long, for the engines' parsers. Checks
/// only texts that are long enough for either.
std::string Unparsable(const std::string& jsonb) {
  return fmt::format(
      "octet_length(({0})::text) > 200 AND (jsonb_path_exists({0}, 'strict $.**{{100}}') OR "
      "(octet_length(({0})::text) > 700 AND ({0})::text ~ '([0-9.]{{230}}){{3}}'))",
      jsonb);
}

}  // namespace

bool IsJsonLike(const catalog::TypeInfo& type) {
  const catalog::TypeInfo& element = ElementOf(type);
  return element.kind == 'c' || element.base == "json" || element.base == "jsonb" ||
         element.base == "hstore";
}

std::string JsonbOfTextSql(const std::string& json) {
  return fmt::format(
      "CASE WHEN ({0}) !~ '{1}' THEN ({0})::jsonb WHEN regexp_replace(({0}), '{2}', '', 'g') !~ "
      "'{1}' THEN ({0})::jsonb ELSE to_jsonb(({0})) END",
      json, kUnsafe, kPairs);
}

std::string ParsableSql(const std::string& jsonb) {
  return fmt::format("CASE WHEN {} THEN to_json(({})::text)::text ELSE ({})::text END",
                     Unparsable(jsonb), jsonb, jsonb);
}

std::string JsonRefusedSql(const std::string& jsonb) {
  return fmt::format(
      "CASE jsonb_typeof({0}) WHEN 'object' THEN false WHEN 'array' THEN jsonb_path_exists({0}, "
      "'strict $[*] ? (@.type() != \"object\" && @.type() != \"null\")') WHEN 'null' THEN false "
      "ELSE {0} IS NOT NULL END OR (octet_length(({0})::text) > 120 AND (jsonb_path_exists({0}, "
      "'strict "
      "$.**{{60}}') OR (octet_length(({0})::text) > 700 AND ({0})::text ~ "
      "'([0-9.]{{230}}){{3}}') OR (octet_length(({0})::text) > 32000 AND (EXISTS (SELECT FROM "
      "jsonb_path_query({0}, 'strict $.** ? (@.type() == \"string\")') s WHERE octet_length(s #>> "
      "'{{}}') > 20000) OR EXISTS (SELECT FROM jsonb_path_query({0}, 'strict $.** ? (@.type() == "
      "\"object\")') o, jsonb_object_keys(o) k WHERE octet_length(k) > 200)))))",
      jsonb);
}

}  // namespace pgsluice::plan
