#include <spdlog/fmt/fmt.h>

#include "api/openapi/openapi.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::api {

namespace {

using plan::Field;
using plan::Kind;

std::string ObjectSchema(const std::vector<Field>& fields, const query::Schema& schema,
                         bool nullable);

/// Returns `"type":"string"`, or the same with null.
std::string Type(const char* type, bool nullable) {
  return nullable ? fmt::format(R"("type":["{}","null"])", type)
                  : fmt::format(R"("type":"{}")", type);
}

std::string EnumSchema(const Field& field, bool nullable) {
  std::string labels;
  for (const std::string& label : field.labels) {
    labels += (labels.empty() ? "" : ",") + json::Quote(label);
  }
  return "{" + Type("string", nullable) + R"(,"enum":[)" + labels + (nullable ? ",null" : "") +
         "]}";
}

/// Adds formats for which clients have types of their own. A timestamp without a time zone is not
/// an RFC 3339 date-time.
std::string TextSchema(const Field& field, bool nullable) {
  std::string type = field.pg_type;
  while (type.ends_with("[]")) type.resize(type.size() - 2);
  std::string format;
  if (type == "uuid") format = R"(,"format":"uuid")";
  if (type == "date") format = R"(,"format":"date")";
  if (type.starts_with("timestamp") && type.ends_with("with time zone")) {
    format = R"(,"format":"date-time")";
  }
  return "{" + Type("string", nullable) + format + "}";
}

std::string ValueSchema(const Field& field, const query::Schema& schema, bool nullable) {
  const char* null = nullable ? R"(,"null")" : "";
  switch (field.kind) {
    case Kind::kInteger:
      return field.bigint
                 ? fmt::format(R"({{"type":["integer","string"{}],"format":"int64"}})", null)
                 : "{" + Type("integer", nullable) + "}";
    case Kind::kDecimal:
      // NaN and infinity are strings, and with numbers=string all numbers are.
      return fmt::format(R"({{"type":["number","string"{}]}})", null);
    case Kind::kBool:
      return "{" + Type("boolean", nullable) + "}";
    case Kind::kEnum:
      return EnumSchema(field, nullable);
    case Kind::kText:
    case Kind::kKeyword:
    case Kind::kDate:
    case Kind::kTime:
    case Kind::kIp:
    case Kind::kIpRange:
    case Kind::kBinary:
      return TextSchema(field, nullable);
    case Kind::kVector:
      return "{" + Type("array", nullable) + R"(,"items":{"type":"number"}})";
    case Kind::kObject:
      return ObjectSchema(field.fields, schema, nullable);
    default:
      return "{}";
  }
}

std::string FieldSchema(const Field& field, const query::Schema& schema) {
  const bool list = field.array && field.kind != Kind::kVector;
  // Elements of a PostgreSQL array can be null; rows cannot.
  const bool rows = list && field.kind == Kind::kObject;
  std::string value = ValueSchema(field, schema, !rows && (list || field.nullable));
  if (list) value = "{" + Type("array", field.nullable) + R"(,"items":)" + value + "}";
  if (!field.pg_type.empty() && value.size() > 2) {
    value.insert(1, R"("description":)" + json::Quote(field.pg_type) + ",");
  }
  return value;
}

std::string ObjectSchema(const std::vector<Field>& fields, const query::Schema& schema,
                         bool nullable) {
  std::string properties;
  for (const Field& field : fields) {
    if (schema.IsHidden(field.path)) continue;
    if (!properties.empty()) properties += ',';
    properties += json::Quote(field.name) + ":" + FieldSchema(field, schema);
  }
  return "{" + Type("object", nullable) + R"(,"properties":{)" + properties + "}}";
}

}  // namespace

std::string DocumentSchema(const query::Schema& schema) {
  return ObjectSchema(schema.plan().fields, schema, false);
}

}  // namespace pgsluice::api
