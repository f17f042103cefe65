#include "document/value_sql.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "document/json_sql.h"
#include "document/range_sql.h"
#include "document/type_rules.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::document {

namespace {

constexpr std::size_t kConcatPieces = 50;

std::string ElementwiseSql(const std::string& x, const std::string& element) {
  return fmt::format(
      "CASE WHEN {0} IS NULL THEN NULL ELSE (SELECT concat('[', string_agg(coalesce({1}, 'null'), "
      "','), ']') FROM (SELECT unnest({0}) AS v) u) END",
      x, element);
}

std::string NumericSql(const catalog::TypeInfo& type, const std::string& x) {
  if (type.sql.find('(') != std::string::npos && type.base == "numeric") {
    return fmt::format("to_json({})::text", x);
  }
  return fmt::format(
      "CASE WHEN abs({0}) < 1e300 AND scale({0}) < 300 THEN {0}::text ELSE "
      "to_json({0}::text)::text END",
      x);
}

std::string PointSql(const std::string& x) {
  return fmt::format(
      "CASE WHEN {0} IS NOT NULL THEN concat('{{\"lat\":', to_json(({0})[1]), ',\"lon\":', "
      "to_json(({0})[0]), '}}') END",
      x);
}

/// JSON text of one value that is no array and not free JSON.
std::string ScalarSql(const Field& field, const catalog::TypeInfo& type, const std::string& x) {
  const std::string& base = type.base;
  if (type.kind == 'r') return RangeSql(type, x);
  if (type.kind == 'e') return fmt::format("to_json(({})::text)::text", x);
  if (base == "int2" || base == "int4" || base == "int8" || base == "oid" || base == "bool" ||
      base == "vector" || base == "halfvec") {
    return fmt::format("({})::text", x);
  }
  if (base == "numeric") return NumericSql(type, x);
  if (base == "bytea") {
    return fmt::format(
        "CASE WHEN {0} IS NOT NULL THEN concat('\"', translate(encode({0}, 'base64'), E'\\n', ''), "
        "'\"') END",
        x);
  }
  if (base == "point" && field.kind == Kind::kGeoPoint) return PointSql(x);
  if (base == "geometry" || base == "geography") {
    return fmt::format("{}.st_asgeojson({})::text", Quoted(type.schema), x);
  }
  if (base == "float4" || base == "float8" || base == "text" || base == "varchar" ||
      base == "bpchar" || base == "date" || base == "timestamp" || base == "timestamptz") {
    return fmt::format("to_json({})::text", x);
  }
  return fmt::format("to_json(({})::text)::text", x);
}

bool NeedsElementwise(const catalog::TypeInfo& element) {
  return element.kind == 'r' || element.kind == 'e' || element.base == "bytea" ||
         element.base == "numeric" || element.base == "geometry" || element.base == "geography" ||
         element.base == "vector" || element.base == "halfvec" || element.base == "point" ||
         element.base == "money";
}

std::string OrderSql(const Field& field, const std::string& x) {
  std::string sql = fmt::format("CASE ({})::text", x);
  for (std::size_t i = 0; i < field.labels.size(); ++i) {
    sql += fmt::format(" WHEN {} THEN '{}'", Literal(field.labels[i]), i + 1);
  }
  return sql + " END";
}

std::string RefusedSql(const Field& field, const catalog::TypeInfo& type, const std::string& x) {
  if (field.kind == Kind::kJson && IsJsonLike(type)) {
    return JsonRefusedSql("(" + JsonbSql(type, x) + ")");
  }
  const catalog::TypeInfo& element = ElementOf(type);
  if (field.kind != Kind::kRange || field.engine_type.empty()) return "";
  if (element.kind == 'r' && !type.array) return RangeRefusedSql(element, x);
  if (element.element == nullptr) return "";
  const catalog::TypeInfo& range = element.kind == 'm' ? *element.element : element;
  return fmt::format("EXISTS (SELECT FROM (SELECT unnest({}) AS v) u WHERE {})", x,
                     RangeRefusedSql(range, "u.v"));
}

}  // namespace

std::string Literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  out += '\'';
  return out;
}

std::string Quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
  return out;
}

std::string JsonSql(const Field& field, const catalog::TypeInfo& type, const std::string& x) {
  if (IsJsonLike(type)) return ParsableSql("(" + JsonbSql(type, x) + ")");
  const catalog::TypeInfo& element = ElementOf(type);
  if (element.kind == 'm' && element.element && !type.array) {
    return ElementwiseSql(x, RangeSql(*element.element, "u.v"));
  }
  if (!type.array) return ScalarSql(field, type, x);
  if (!NeedsElementwise(element)) return fmt::format("to_json({})::text", x);
  return ElementwiseSql(x, ScalarSql(field, element, "u.v"));
}

Member MemberOf(const Field& field, const catalog::TypeInfo& type, const std::string& expression) {
  Member member;
  member.name = field.name;
  member.value = JsonSql(field, type, expression);
  const std::string refused = RefusedSql(field, type, expression);
  if (!refused.empty()) member.raw_when = fmt::format("coalesce({}, false)", refused);
  if (field.kind == Kind::kEnum && !field.array) member.order = OrderSql(field, expression);
  return member;
}

std::string ConcatSql(const std::vector<std::string>& pieces) {
  if (pieces.size() <= kConcatPieces) {
    return fmt::format("({})", fmt::join(pieces, " || "));
  }
  std::vector<std::string> groups;
  for (std::size_t i = 0; i < pieces.size(); i += kConcatPieces) {
    const auto first = pieces.begin() + static_cast<std::ptrdiff_t>(i);
    const auto last =
        pieces.begin() + static_cast<std::ptrdiff_t>(std::min(i + kConcatPieces, pieces.size()));
    groups.push_back(ConcatSql({first, last}));
  }
  return ConcatSql(groups);
}

namespace {

std::string EnumSql(const std::vector<Member>& members) {
  std::vector<std::string> pieces;
  for (const Member& member : members) {
    if (member.order.empty()) continue;
    pieces.push_back(
        Literal((pieces.empty() ? ",\"__enum\":{" : ",") + json::Quote(member.name) + ":"));
    pieces.push_back(fmt::format("coalesce({}, 'null')", member.order));
  }
  if (pieces.empty()) return "";
  pieces.emplace_back("'}'");
  return ConcatSql(pieces);
}

}  // namespace

std::string ObjectSql(const std::vector<Member>& members, const std::string& tail) {
  std::vector<std::string> pieces;
  std::string before = "{";
  for (const Member& member : members) {
    const std::string key = Literal(before + json::Quote(member.name) + ":");
    const std::string raw = Literal(before + json::Quote("__raw:" + member.name) + ":");
    before = ",";
    pieces.push_back(member.raw_when.empty() ? key
                                             : fmt::format("CASE WHEN {} THEN {} ELSE {} END",
                                                           member.raw_when, raw, key));
    pieces.push_back(fmt::format("coalesce({}, {})", member.value, member.absent));
  }
  if (members.empty()) pieces.push_back("'{'");
  const std::string order = EnumSql(members);
  if (!order.empty()) pieces.push_back(order);
  if (!tail.empty()) pieces.push_back(members.empty() ? fmt::format("substr({}, 2)", tail) : tail);
  pieces.emplace_back("'}'");
  return ConcatSql(pieces);
}

}  // namespace pgsluice::document
