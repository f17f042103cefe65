#include "plan/index/type_rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace pgsluice::plan {

namespace {

struct Rule {
  std::string_view type;  ///< pg_type.typname in any schema, because extensions can be in any.
  Kind kind;
  std::string_view engine_type;
};

constexpr std::array kRules = {
    Rule{"int2", Kind::kInteger, "short"},
    Rule{"int4", Kind::kInteger, "integer"},
    Rule{"int8", Kind::kInteger, "long"},
    Rule{"oid", Kind::kInteger, "long"},
    Rule{"numeric", Kind::kDecimal, "double"},
    Rule{"float4", Kind::kDecimal, "double"},
    Rule{"float8", Kind::kDecimal, "double"},
    Rule{"bool", Kind::kBool, "boolean"},
    Rule{"text", Kind::kText, "text"},
    Rule{"varchar", Kind::kText, "text"},
    Rule{"citext", Kind::kText, "text"},
    Rule{"bpchar", Kind::kKeyword, "keyword"},
    Rule{"char", Kind::kKeyword, "keyword"},
    Rule{"name", Kind::kKeyword, "keyword"},
    Rule{"uuid", Kind::kKeyword, "keyword"},
    Rule{"money", Kind::kKeyword, "keyword"},
    Rule{"interval", Kind::kKeyword, "keyword"},
    Rule{"bit", Kind::kKeyword, "keyword"},
    Rule{"varbit", Kind::kKeyword, "keyword"},
    Rule{"macaddr", Kind::kKeyword, "keyword"},
    Rule{"macaddr8", Kind::kKeyword, "keyword"},
    Rule{"ltree", Kind::kKeyword, "keyword"},
    Rule{"xml", Kind::kKeyword, "keyword"},
    Rule{"tsvector", Kind::kKeyword, "keyword"},
    Rule{"tsquery", Kind::kKeyword, "keyword"},
    Rule{"pg_lsn", Kind::kKeyword, "keyword"},
    Rule{"jsonpath", Kind::kKeyword, "keyword"},
    Rule{"box", Kind::kKeyword, "keyword"},
    Rule{"circle", Kind::kKeyword, "keyword"},
    Rule{"line", Kind::kKeyword, "keyword"},
    Rule{"lseg", Kind::kKeyword, "keyword"},
    Rule{"path", Kind::kKeyword, "keyword"},
    Rule{"point", Kind::kKeyword, "keyword"},
    Rule{"polygon", Kind::kKeyword, "keyword"},
    Rule{"date", Kind::kDate, "date"},
    Rule{"timestamp", Kind::kDate, "date"},
    Rule{"timestamptz", Kind::kDate, "date"},
    Rule{"time", Kind::kTime, "keyword"},
    Rule{"timetz", Kind::kTime, "keyword"},
    Rule{"json", Kind::kJson, ""},
    Rule{"jsonb", Kind::kJson, ""},
    Rule{"hstore", Kind::kJson, ""},
    Rule{"inet", Kind::kIp, "ip"},
    Rule{"cidr", Kind::kIpRange, "ip_range"},
    Rule{"bytea", Kind::kBinary, "binary"},
    Rule{"geometry", Kind::kGeoShape, "geo_shape"},
    Rule{"geography", Kind::kGeoShape, "geo_shape"},
    Rule{"vector", Kind::kVector, ""},
    Rule{"halfvec", Kind::kVector, ""},
};

constexpr std::array kEngineTypes = {
    Rule{"text", Kind::kText, ""},
    Rule{"match_only_text", Kind::kText, ""},
    Rule{"keyword", Kind::kKeyword, ""},
    Rule{"wildcard", Kind::kKeyword, ""},
    Rule{"constant_keyword", Kind::kKeyword, ""},
    Rule{"byte", Kind::kInteger, ""},
    Rule{"short", Kind::kInteger, ""},
    Rule{"integer", Kind::kInteger, ""},
    Rule{"long", Kind::kInteger, ""},
    Rule{"unsigned_long", Kind::kInteger, ""},
    Rule{"double", Kind::kDecimal, ""},
    Rule{"float", Kind::kDecimal, ""},
    Rule{"half_float", Kind::kDecimal, ""},
    Rule{"scaled_float", Kind::kDecimal, ""},
    Rule{"boolean", Kind::kBool, ""},
    Rule{"date", Kind::kDate, ""},
    Rule{"date_nanos", Kind::kDate, ""},
    Rule{"flattened", Kind::kJson, ""},
    Rule{"flat_object", Kind::kJson, ""},
    Rule{"object", Kind::kObject, ""},
    Rule{"nested", Kind::kObject, ""},
    Rule{"integer_range", Kind::kRange, ""},
    Rule{"long_range", Kind::kRange, ""},
    Rule{"float_range", Kind::kRange, ""},
    Rule{"double_range", Kind::kRange, ""},
    Rule{"date_range", Kind::kRange, ""},
    Rule{"ip_range", Kind::kIpRange, ""},
    Rule{"ip", Kind::kIp, ""},
    Rule{"binary", Kind::kBinary, ""},
    Rule{"geo_point", Kind::kGeoPoint, ""},
    Rule{"geo_shape", Kind::kGeoShape, ""},
    Rule{"dense_vector", Kind::kVector, ""},
    Rule{"knn_vector", Kind::kVector, ""},
};

template <typename Rules>
const Rule* FindRule(const Rules& rules, std::string_view type) {
  const auto rule =
      std::find_if(rules.begin(), rules.end(), [&](const Rule& r) { return r.type == type; });
  return rule == rules.end() ? nullptr : &*rule;
}

std::string RangeType(const catalog::TypeInfo& range) {
  if (range.element == nullptr) return "";
  const std::string& bound = range.element->kind == 'r' && range.element->element
                                 ? range.element->element->base
                                 : range.element->base;
  if (bound == "int4") return "integer_range";
  if (bound == "int8") return "long_range";
  if (bound == "numeric") return "double_range";
  if (bound == "date" || bound == "timestamp" || bound == "timestamptz") return "date_range";
  return "";
}

int Dimensions(const std::string& sql) {
  const std::size_t open = sql.find('(');
  int number = 0;
  if (open != std::string::npos) {
    std::from_chars(sql.data() + open + 1, sql.data() + sql.size(), number);
  }
  return number;
}

}  // namespace

const catalog::TypeInfo& ElementOf(const catalog::TypeInfo& type) {
  return type.array && type.element ? ElementOf(*type.element) : type;
}

bool ApplyType(const catalog::TypeInfo& type, Field& field) {
  field.pg_type = type.sql;
  const catalog::TypeInfo& element = ElementOf(type);
  field.array = type.array || element.kind == 'm';
  field.kind = Kind::kKeyword;
  field.engine_type = "keyword";
  if (element.kind == 'e') {
    field.kind = Kind::kEnum;
    field.labels = element.labels;
    return true;
  }
  if (element.kind == 'r' || element.kind == 'm') {
    field.kind = Kind::kRange;
    field.engine_type = RangeType(element);
    return true;
  }
  if (element.kind == 'c') {
    field.kind = Kind::kJson;
    field.engine_type.clear();
    return true;
  }
  const Rule* rule = FindRule(kRules, element.base);
  if (rule == nullptr) return false;
  field.kind = rule->kind;
  field.engine_type = rule->engine_type;
  field.bigint = element.base == "int8" || element.base == "numeric";
  if (field.kind == Kind::kVector) field.vector_dimensions = Dimensions(type.sql);
  return true;
}

void ApplyEngineType(const std::string& engine_type, Field& field) {
  field.engine_type = engine_type;
  if (const Rule* rule = FindRule(kEngineTypes, engine_type)) {
    const bool still_enum = field.kind == Kind::kEnum && rule->kind == Kind::kKeyword;
    const bool still_time = field.kind == Kind::kTime && rule->kind == Kind::kKeyword;
    if (!still_enum && !still_time) field.kind = rule->kind;
  }
}

bool IsInteger(const catalog::TypeInfo& type) {
  return type.base == "int2" || type.base == "int4" || type.base == "int8";
}

bool EqualMeansSameText(const catalog::TypeInfo& type) {
  static constexpr std::array kExact = {
      std::string_view("int2"), std::string_view("int4"),      std::string_view("int8"),
      std::string_view("oid"),  std::string_view("uuid"),      std::string_view("bool"),
      std::string_view("date"), std::string_view("timestamp"), std::string_view("timestamptz"),
      std::string_view("time"), std::string_view("bytea"),     std::string_view("inet"),
      std::string_view("cidr"), std::string_view("macaddr")};
  if (type.array) return false;
  if (type.kind == 'e') return true;
  if (type.base == "text" || type.base == "varchar") return type.deterministic;
  return std::find(kExact.begin(), kExact.end(), type.base) != kExact.end();
}

bool Hashable(const catalog::TypeInfo& type) {
  return !type.array && type.kind != 'c' &&
         (EqualMeansSameText(type) || type.base == "text" || type.base == "varchar" ||
          type.base == "numeric");
}

}  // namespace pgsluice::plan
