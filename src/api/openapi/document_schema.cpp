#include "api/openapi/openapi.h"

namespace pgsluice::api {

namespace {

using json::Items;
using json::Members;
using json::ObjectPtr;
using plan::Field;
using plan::Kind;

ObjectPtr ObjectSchema(const std::vector<Field>& fields, const query::Schema& schema,
                       bool nullable);

/// Returns "string", or a list of it and "null".
json::Built Type(const char* type, bool nullable) {
  if (nullable) return Items({type, "null"});
  return type;
}

ObjectPtr EnumSchema(const Field& field, bool nullable) {
  json::ArrayPtr labels = Items(field.labels);
  if (nullable) labels->add(json::Built());
  return Members({{"type", Type("string", nullable)}, {"enum", labels}});
}

/// Adds formats for which clients have types of their own. A timestamp without a time zone is not
/// an RFC 3339 date-time.
ObjectPtr TextSchema(const Field& field, bool nullable) {
  std::string type = field.pg_type;
  while (type.ends_with("[]")) type.resize(type.size() - 2);
  ObjectPtr out = Members({{"type", Type("string", nullable)}});
  if (type == "uuid" || type == "date") out->set("format", type);
  if (type.starts_with("timestamp") && type.ends_with("with time zone")) {
    out->set("format", "date-time");
  }
  return out;
}

/// Returns a number that may also be a string.
ObjectPtr NumberSchema(const char* type, bool nullable) {
  json::ArrayPtr types = Items({type, "string"});
  if (nullable) types->add("null");
  return Members({{"type", types}});
}

ObjectPtr ValueSchema(const Field& field, const query::Schema& schema, bool nullable) {
  switch (field.kind) {
    case Kind::kInteger: {
      if (!field.bigint) return Members({{"type", Type("integer", nullable)}});
      ObjectPtr out = NumberSchema("integer", nullable);
      out->set("format", "int64");
      return out;
    }
    case Kind::kDecimal:
      // NaN and infinity are strings, and with numbers=string all numbers are.
      return NumberSchema("number", nullable);
    case Kind::kBool:
      return Members({{"type", Type("boolean", nullable)}});
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
      return Members({{"type", Type("array", nullable)}, {"items", Members({{"type", "number"}})}});
    case Kind::kObject:
      return ObjectSchema(field.fields, schema, nullable);
    default:
      return Members();
  }
}

ObjectPtr FieldSchema(const Field& field, const query::Schema& schema) {
  const bool list = field.array && field.kind != Kind::kVector;
  // Elements of a PostgreSQL array can be null; rows cannot.
  const bool rows = list && field.kind == Kind::kObject;
  ObjectPtr value = ValueSchema(field, schema, !rows && (list || field.nullable));
  if (list) value = Members({{"type", Type("array", field.nullable)}, {"items", value}});
  if (!field.pg_type.empty() && value->size() > 0) value->set("description", field.pg_type);
  return value;
}

ObjectPtr ObjectSchema(const std::vector<Field>& fields, const query::Schema& schema,
                       bool nullable) {
  ObjectPtr properties = Members();
  for (const Field& field : fields) {
    if (!schema.IsHidden(field.path)) properties->set(field.name, FieldSchema(field, schema));
  }
  return Members({{"type", Type("object", nullable)}, {"properties", properties}});
}

}  // namespace

json::ObjectPtr DocumentSchema(const query::Schema& schema) {
  return ObjectSchema(schema.plan().fields, schema, false);
}

}  // namespace pgsluice::api
