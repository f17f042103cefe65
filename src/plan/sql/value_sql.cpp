#include "plan/sql/value_sql.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/json/writer.h"
#include "plan/index/type_rules.h"
#include "plan/sql/json_sql.h"
#include "plan/sql/range_sql.h"
#include "plan/sql/typed_sql.h"

namespace pgsluice::plan {

namespace {

constexpr std::size_t kConcatPieces = 50;

/// The engines' parsers refuse longer numbers, and the whole document with them.
constexpr int kNumberDigits = 1000;

/// Returns JSON of an array from JSON of its elements `u.v`, for any number of dimensions.
std::string ElementwiseSql(const std::string& x, const std::string& element) {
  return fmt::format(
      "CASE WHEN {0} IS NULL THEN NULL WHEN array_ndims({0}) > 1 THEN pgsluice.nested(ARRAY(SELECT "
      "{1} FROM (SELECT unnest({0}) AS v, generate_series(1, cardinality({0})) AS n) u ORDER BY "
      "u.n), ARRAY(SELECT array_length({0}, d) FROM generate_series(1, array_ndims({0})) AS d)) "
      "ELSE "
      "(SELECT concat('[', string_agg(coalesce({1}, 'null'), ','), ']') FROM (SELECT unnest({0}) "
      "AS v) u) END",
      x, element);
}

std::string MultirangeSql(const std::string& x, const std::string& range) {
  return fmt::format(
      "CASE WHEN {0} IS NULL THEN NULL ELSE (SELECT concat('[', string_agg({1}, ','), ']') FROM "
      "(SELECT unnest({0}) AS v) u) END",
      x, range);
}

std::string PartSql(const Field& field, const catalog::TypeInfo& type, const std::string& x);

/// Returns JSON of a composite value from JSON of its attributes. Finds them by position, because
/// `(x).name` would call a function with that name if the attribute no longer exists.
std::string CompositeSql(const Field& field, const catalog::TypeInfo& type, const std::string& x) {
  std::vector<Member> members;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < type.field_names.size(); ++i) {
    names.push_back(fmt::format("\"pgsluice f{}\"", i));
    Member member;
    member.name = type.field_names[i];
    member.value = PartSql(field, *type.field_types[i], "\"pgsluice f\"." + names.back());
    members.push_back(std::move(member));
  }
  if (members.empty()) return fmt::format("CASE WHEN num_nulls({}) = 0 THEN '{{}}' END", x);
  return fmt::format(
      "CASE WHEN num_nulls({0}) = 0 THEN (SELECT {1} FROM (SELECT ({0}).*) AS \"pgsluice f\" "
      "({2})) "
      "END",
      x, ObjectSql(members), fmt::join(names, ", "));
}

std::string NumericSql(const catalog::TypeInfo& type, const std::string& x) {
  if (type.sql.find('(') != std::string::npos) return fmt::format("to_json({})::text", x);
  return fmt::format(
      "CASE WHEN abs({0}) < 1e300 AND scale({0}) < 300 THEN ({0})::text WHEN abs({0}) < 'Infinity' "
      "AND octet_length(({0})::text) <= {1} THEN ({0})::text ELSE to_json(({0})::text)::text END",
      x, kNumberDigits);
}

std::string PointSql(const std::string& x) {
  return fmt::format(
      "CASE WHEN {0} IS NOT NULL THEN concat('{{\"lat\":', to_json(({0})[1]), ',\"lon\":', "
      "to_json(({0})[0]), '}}') END",
      x);
}

std::string HstoreSql(const catalog::TypeInfo& type, const std::string& x) {
  return fmt::format("{}.hstore_to_jsonb({})", Quoted(type.schema), TypedSql(type, x));
}

std::string TextJsonSql(const catalog::TypeInfo& type, const std::string& x) {
  return fmt::format("to_json({})::text", TextSql(type, x));
}

/// Returns JSON text of one value that is neither an array nor free JSON.
std::string ScalarSql(const Field& field, const catalog::TypeInfo& type, const std::string& x) {
  const std::string& base = type.base;
  if (base == "geometry" || base == "geography") {
    return fmt::format("{}.st_asgeojson({}, 9, 8)::text", Quoted(type.schema), TypedSql(type, x));
  }
  if (base == "vector" || base == "halfvec") return TextSql(type, x);
  if (!type.BuiltIn()) return TextJsonSql(type, x);
  const std::string typed = TypedSql(type, x);
  if (base == "int2" || base == "int4" || base == "int8" || base == "bool") {
    return fmt::format("({})::text", typed);
  }
  if (base == "numeric") return NumericSql(type, typed);
  if (base == "bytea") {
    return fmt::format(
        "CASE WHEN {0} IS NOT NULL THEN concat('\"', translate(encode({0}, 'base64'), E'\\n', ''), "
        "'\"') END",
        typed);
  }
  if (base == "point" && field.kind == Kind::kGeoPoint) return PointSql(typed);
  return fmt::format("to_json({})::text", typed);
}

/// Returns whether to_json() of an array of this type has an unwanted form.
bool NeedsElementwise(const catalog::TypeInfo& element) {
  return !element.BuiltIn() || element.domain || element.kind == 'r' || element.kind == 'm' ||
         element.base == "bytea" || element.base == "numeric" || element.base == "point";
}

std::string OrderSql(const Field& field, const std::string& x) {
  std::string sql = fmt::format("CASE {}", x);
  for (std::size_t i = 0; i < field.labels.size(); ++i) {
    sql += fmt::format(" WHEN {} THEN '{}'", Literal(field.labels[i]), i + 1);
  }
  return sql + " END";
}

/// Returns whether the type is indexed as its text. That is so if its values are taken apart by
/// functions that are found by name, and a user-defined implicit cast makes the name ambiguous.
bool IsTextOnly(const catalog::TypeInfo& type) {
  return type.ambiguous && (type.array || type.kind == 'r' || type.kind == 'm');
}

bool HoldsTextOnly(const catalog::TypeInfo& type) {
  return IsTextOnly(type) || (type.element != nullptr && HoldsTextOnly(*type.element));
}

/// Returns JSON of a value that becomes part of other JSON, which is checked as a whole.
std::string PartSql(const Field& field, const catalog::TypeInfo& type, const std::string& x) {
  if (IsTextOnly(type)) return TextJsonSql(type, x);
  if (type.array && IsJsonLike(type)) {
    return ElementwiseSql(TypedSql(type, x), PartSql(field, *type.element, "u.v"));
  }
  if (type.kind == 'c') return CompositeSql(field, type, x);
  if (type.base == "json" || type.base == "jsonb") return TextSql(type, x);
  if (type.base == "hstore") return fmt::format("({})::text", HstoreSql(type, x));
  return JsonSql(field, type, x);
}

/// Applies `make` to a jsonb expression for a value of a type that IsJsonLike(). A long expression
/// is written, and computed, only once.
template <typename Make>
std::string OfJsonbSql(const Field& field, const catalog::TypeInfo& type, const std::string& x,
                       const Make& make) {
  if (type.base == "jsonb" && !type.array) return make(TypedSql(type, x));
  if (type.base == "hstore" && !type.array) return make(HstoreSql(type, x));
  return fmt::format(
      "(SELECT {} FROM (SELECT {} AS j FROM (SELECT {} AS t OFFSET 0) AS \"pgsluice t\" OFFSET 0) "
      "AS "
      "\"pgsluice j\")",
      make("\"pgsluice j\".j"), JsonbOfTextSql("\"pgsluice t\".t"), PartSql(field, type, x));
}

std::string RefusedSql(const Field& field, const catalog::TypeInfo& type, const std::string& x) {
  if (HoldsTextOnly(type)) {
    const bool aside =
        field.kind == Kind::kJson || (field.kind == Kind::kRange && !field.engine_type.empty());
    return aside ? x + " IS NOT NULL" : "";
  }
  if (field.kind == Kind::kJson && IsJsonLike(type)) {
    return OfJsonbSql(field, type, x, JsonRefusedSql);
  }
  const catalog::TypeInfo& element = ElementOf(type);
  if (field.kind != Kind::kRange || field.engine_type.empty()) return "";
  const std::string typed = TypedSql(type, x);
  if (element.kind == 'r' && !type.array) return RangeRefusedSql(element, typed);
  if (element.element == nullptr) return "";
  const catalog::TypeInfo& range = element.kind == 'm' ? *element.element : element;
  return fmt::format("EXISTS (SELECT FROM (SELECT unnest({}) AS v) u WHERE {})", typed,
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
  if (IsTextOnly(type)) return TextJsonSql(type, x);
  if (IsJsonLike(type)) return OfJsonbSql(field, type, x, ParsableSql);
  if (type.array) {
    const std::string typed = TypedSql(type, x);
    if (!NeedsElementwise(*type.element)) return fmt::format("to_json({})::text", typed);
    return ElementwiseSql(typed, JsonSql(field, *type.element, "u.v"));
  }
  if (type.kind == 'm' && type.element) {
    return MultirangeSql(TypedSql(type, x), JsonSql(field, *type.element, "u.v"));
  }
  if (type.kind == 'r' && type.element) return RangeSql(field, type, TypedSql(type, x));
  return ScalarSql(field, type, x);
}

Member MemberOf(const Field& field, const catalog::TypeInfo& type, const std::string& expression) {
  Member member;
  member.name = field.name;
  member.value = JsonSql(field, type, expression);
  const std::string refused = RefusedSql(field, type, expression);
  if (!refused.empty()) member.raw_when = fmt::format("coalesce({}, false)", refused);
  if (field.kind == Kind::kEnum && !field.array) {
    member.order = OrderSql(field, TextSql(type, expression));
  }
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

}  // namespace pgsluice::plan
