#include "plan/sql/ids.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "pgsluice/json/writer.h"
#include "pgsluice/plan/schema_ids.h"
#include "plan/sql/typed_sql.h"

namespace pgsluice::plan {

namespace {

constexpr std::size_t kHashDigits = 64;

/// Returns whether texts of the type are short, never empty, and contain neither `|` nor `\`.
bool Plain(const catalog::TypeInfo& type) {
  static constexpr std::array kPlain = {
      std::string_view("int2"), std::string_view("int4"),      std::string_view("int8"),
      std::string_view("oid"),  std::string_view("uuid"),      std::string_view("bool"),
      std::string_view("date"), std::string_view("timestamp"), std::string_view("timestamptz"),
      std::string_view("time"), std::string_view("float4"),    std::string_view("float8")};
  return !type.array && std::find(kPlain.begin(), kPlain.end(), type.base) != kPlain.end();
}

std::string HashSql(const std::string& text) {
  return fmt::format("encode(sha256(convert_to({}, 'UTF8')), 'hex')", text);
}

std::string EscapedSql(const std::string& text) {
  return fmt::format(R"(replace(replace({}, '\', '\\'), '|', '\|'))", text);
}

/// Returns an `_id` that the engines accept, whatever its length.
std::string BoundedSql(const std::string& id) {
  return fmt::format(
      "CASE WHEN octet_length({0}) BETWEEN 1 AND 512 THEN {0} ELSE 'sha256:' || {1} END", id,
      HashSql(id));
}

bool IsHash(std::string_view id, std::string_view prefix) {
  return id.size() == prefix.size() + kHashDigits && id.substr(0, prefix.size()) == prefix &&
         id.find_first_not_of("0123456789abcdef", prefix.size()) == std::string_view::npos;
}

}  // namespace

std::string IdSql(const std::vector<std::string>& keys,
                  const std::vector<const catalog::TypeInfo*>& types, const std::string& first) {
  std::vector<std::string> parts;
  bool plain = true;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string text = TextSql(*types[i], keys[i]);
    if (Plain(*types[i])) {
      parts.push_back(text);
      continue;
    }
    plain = false;
    parts.push_back(keys.size() == 1 && first.empty() ? text : EscapedSql(text));
  }
  const std::string id =
      fmt::format("{}{}", first.empty() ? "" : first + " || ", fmt::join(parts, " || '|' || "));
  return plain ? id : BoundedSql(id);
}

std::string ChildIdSql(const std::vector<std::string>& keys,
                       const std::vector<const catalog::TypeInfo*>& types, const std::string& table,
                       const std::string& first) {
  std::string id = first.empty() ? "" : first + " || ";
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string text = TextSql(*types[i], keys[i]);
    id += (Plain(*types[i]) ? text : EscapedSql(text)) + " || '|' || ";
  }
  id += EscapedSql(table);
  return ChildIdIsHash(types) ? "'sha256:' || " + HashSql(id) : BoundedSql(id);
}

bool ChildIdIsHash(const std::vector<const catalog::TypeInfo*>& types) {
  return types.size() == 1 && !Plain(*types[0]);
}

std::string RowIdSql(const std::vector<std::string>& texts, const std::string& first) {
  return fmt::format("{}'row:' || {}", first.empty() ? "" : first + " || ",
                     HashSql(fmt::format("(ARRAY[{}]::text[])::text", fmt::join(texts, ", "))));
}

std::string KeyJsonSql(const std::vector<std::string>& texts) {
  return fmt::format("to_json(ARRAY[{}]::text[])::text", fmt::join(texts, ", "));
}

std::string EscapedPart(std::string_view text) {
  std::string part;
  for (const char c : text) {
    if (c == '|' || c == '\\') part += '\\';
    part += c;
  }
  return part;
}

std::optional<std::string> FirstPart(std::string_view id) {
  if (IsHash(id, "sha256:")) return std::nullopt;
  std::string part;
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (id[i] == '|') return part;
    if (id[i] == '\\' && i + 1 < id.size()) ++i;
    part += id[i];
  }
  return std::nullopt;
}

std::string KeyOfIdText(std::string_view id, std::size_t columns) {
  if (IsHash(id, "sha256:")) return "";
  std::string key = "[";
  if (columns == 1) {
    json::AppendString(key, id);
    return key + "]";
  }
  std::string part;
  std::size_t parts = 1;
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (id[i] == '\\' && i + 1 < id.size()) {
      part += id[++i];
    } else if (id[i] == '|') {
      json::AppendString(key, part);
      key += ',';
      part.clear();
      ++parts;
    } else {
      part += id[i];
    }
  }
  json::AppendString(key, part);
  return parts == columns ? key + "]" : "";
}

std::optional<std::string> SchemaOfId(std::string_view id) { return FirstPart(id); }

std::string IdsBegin(std::string_view schema) { return EscapedPart(schema) + "|"; }

}  // namespace pgsluice::plan
