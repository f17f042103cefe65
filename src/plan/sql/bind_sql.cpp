#include "plan/sql/bind_sql.h"

#include "pgsluice/json/writer.h"
#include "plan/sql/ids.h"
#include "plan/sql/value_sql.h"

namespace pgsluice::plan {

namespace {

/// Escapes a text for use inside a text literal.
std::string Doubled(std::string_view text) {
  std::string doubled;
  for (const char c : text) {
    if (c == '\'') doubled += c;
    doubled += c;
  }
  return doubled;
}

}  // namespace

SchemaBinding::SchemaBinding(std::string_view schema, std::string_view root_oid)
    : schema_(schema),
      name_(Quoted(schema)),
      name_in_text_(Doubled(name_)),
      text_(Literal(schema) + "::text"),
      first_(Literal(EscapedPart(schema) + "|")),
      json_(Literal(json::Quote(schema))),
      oid_(std::string(root_oid) + "::oid") {}

std::string SchemaBinding::Sql(std::string_view sql) const {
  static constexpr std::string_view kQuotedPlace = "\"\x01\"";
  std::string bound;
  bound.reserve(sql.size() + sql.size() / 4);
  for (std::size_t i = 0; i < sql.size(); ++i) {
    const char c = sql[i];
    if (c == '"' && sql.substr(i, kQuotedPlace.size()) == kQuotedPlace) {
      bound += i > 0 && sql[i - 1] == '\'' ? name_in_text_ : name_;
      i += kQuotedPlace.size() - 1;
    } else if (c == kTextPlace[0]) {
      bound += text_;
    } else if (c == kFirstPlace[0]) {
      bound += first_;
    } else if (c == kJsonPlace[0]) {
      bound += json_;
    } else if (c == kOidPlace[0]) {
      bound += oid_;
    } else {
      bound += c;
    }
  }
  return bound;
}

std::string SchemaBinding::Text(std::string_view text) const {
  std::string bound;
  for (const char c : text) bound += c == kSchemaPlace[0] ? schema_ : std::string(1, c);
  return bound;
}

}  // namespace pgsluice::plan
