#include <spdlog/fmt/fmt.h>

#include "api/openapi/openapi.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::api {

namespace {

using document::Field;
using document::Kind;

std::string Labels(const Field& field) {
  std::string out;
  for (const std::string& label : field.labels) out += json::Quote(label) + ",";
  return R"({"enum":[)" + out + "null]}";
}

std::string ObjectSchema(const std::vector<Field>& fields, const query::Schema& schema);

std::string ValueSchema(const Field& field, const query::Schema& schema) {
  switch (field.kind) {
    case Kind::kInteger:
      return field.bigint ? R"({"type":["integer","string","null"],"format":"int64"})"
                          : R"({"type":["integer","null"]})";
    case Kind::kDecimal:
      // NaN and infinity are strings, and numbers=string makes all of them strings.
      return R"({"type":["number","string","null"]})";
    case Kind::kBool:
      return R"({"type":["boolean","null"]})";
    case Kind::kEnum:
      return Labels(field);
    case Kind::kText:
    case Kind::kKeyword:
    case Kind::kDate:
    case Kind::kTime:
    case Kind::kIp:
    case Kind::kIpRange:
    case Kind::kBinary:
      return R"({"type":["string","null"]})";
    case Kind::kVector:
      return R"({"type":["array","null"],"items":{"type":"number"}})";
    case Kind::kObject:
      return ObjectSchema(field.fields, schema);
    default:
      return "{}";
  }
}

std::string ObjectSchema(const std::vector<Field>& fields, const query::Schema& schema) {
  std::string properties;
  for (const Field& field : fields) {
    if (schema.IsHidden(field.path)) continue;
    std::string value = ValueSchema(field, schema);
    if (field.array && field.kind != Kind::kVector) {
      value.insert(0, R"({"type":["array","null"],"items":)").append("}");
    }
    if (!field.pg_type.empty() && value.size() > 2) {
      value.insert(1, R"("description":)" + json::Quote(field.pg_type) + ",");
    }
    if (!properties.empty()) properties += ',';
    properties += json::Quote(field.name) + ":" + value;
  }
  return R"({"type":["object","null"],"properties":{)" + properties + "}}";
}

}  // namespace

std::string DocumentSchema(const query::Schema& schema) {
  return ObjectSchema(schema.plan().fields, schema);
}

}  // namespace pgsluice::api
