#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "pgsluice/base/error.h"
#include "pgsluice/catalog/catalog.h"

namespace pgsluice::catalog {

namespace {

// Words that have to be quoted as names: pg_get_keywords() of PostgreSQL 14 to 18 without the
// unreserved ones. In byte order.
constexpr std::array<std::string_view, 164> kKeywords = {"all",
                                                         "analyse",
                                                         "analyze",
                                                         "and",
                                                         "any",
                                                         "array",
                                                         "as",
                                                         "asc",
                                                         "asymmetric",
                                                         "authorization",
                                                         "between",
                                                         "bigint",
                                                         "binary",
                                                         "bit",
                                                         "boolean",
                                                         "both",
                                                         "case",
                                                         "cast",
                                                         "char",
                                                         "character",
                                                         "check",
                                                         "coalesce",
                                                         "collate",
                                                         "collation",
                                                         "column",
                                                         "concurrently",
                                                         "constraint",
                                                         "create",
                                                         "cross",
                                                         "current_catalog",
                                                         "current_date",
                                                         "current_role",
                                                         "current_schema",
                                                         "current_time",
                                                         "current_timestamp",
                                                         "current_user",
                                                         "dec",
                                                         "decimal",
                                                         "default",
                                                         "deferrable",
                                                         "desc",
                                                         "distinct",
                                                         "do",
                                                         "else",
                                                         "end",
                                                         "except",
                                                         "exists",
                                                         "extract",
                                                         "false",
                                                         "fetch",
                                                         "float",
                                                         "for",
                                                         "foreign",
                                                         "freeze",
                                                         "from",
                                                         "full",
                                                         "grant",
                                                         "greatest",
                                                         "group",
                                                         "grouping",
                                                         "having",
                                                         "ilike",
                                                         "in",
                                                         "initially",
                                                         "inner",
                                                         "inout",
                                                         "int",
                                                         "integer",
                                                         "intersect",
                                                         "interval",
                                                         "into",
                                                         "is",
                                                         "isnull",
                                                         "join",
                                                         "json",
                                                         "json_array",
                                                         "json_arrayagg",
                                                         "json_exists",
                                                         "json_object",
                                                         "json_objectagg",
                                                         "json_query",
                                                         "json_scalar",
                                                         "json_serialize",
                                                         "json_table",
                                                         "json_value",
                                                         "lateral",
                                                         "leading",
                                                         "least",
                                                         "left",
                                                         "like",
                                                         "limit",
                                                         "localtime",
                                                         "localtimestamp",
                                                         "merge_action",
                                                         "national",
                                                         "natural",
                                                         "nchar",
                                                         "none",
                                                         "normalize",
                                                         "not",
                                                         "notnull",
                                                         "null",
                                                         "nullif",
                                                         "numeric",
                                                         "offset",
                                                         "on",
                                                         "only",
                                                         "or",
                                                         "order",
                                                         "out",
                                                         "outer",
                                                         "overlaps",
                                                         "overlay",
                                                         "placing",
                                                         "position",
                                                         "precision",
                                                         "primary",
                                                         "real",
                                                         "references",
                                                         "returning",
                                                         "right",
                                                         "row",
                                                         "select",
                                                         "session_user",
                                                         "setof",
                                                         "similar",
                                                         "smallint",
                                                         "some",
                                                         "substring",
                                                         "symmetric",
                                                         "system_user",
                                                         "table",
                                                         "tablesample",
                                                         "then",
                                                         "time",
                                                         "timestamp",
                                                         "to",
                                                         "trailing",
                                                         "treat",
                                                         "trim",
                                                         "true",
                                                         "union",
                                                         "unique",
                                                         "user",
                                                         "using",
                                                         "values",
                                                         "varchar",
                                                         "variadic",
                                                         "verbose",
                                                         "when",
                                                         "where",
                                                         "window",
                                                         "with",
                                                         "xmlattributes",
                                                         "xmlconcat",
                                                         "xmlelement",
                                                         "xmlexists",
                                                         "xmlforest",
                                                         "xmlnamespaces",
                                                         "xmlparse",
                                                         "xmlpi",
                                                         "xmlroot",
                                                         "xmlserialize",
                                                         "xmltable"};

bool IsStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool IsPart(char c) { return IsStart(c) || (c >= '0' && c <= '9') || c == '$'; }

bool NeedsQuotes(std::string_view name) {
  const bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
                     std::all_of(name.begin(), name.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9');
                     });
  return !plain || std::binary_search(kKeywords.begin(), kKeywords.end(), name);
}

/// Reads dotted names as SQL does.
class NameParser {
 public:
  explicit NameParser(std::string_view text) : text_(text) {}

  std::pair<std::string, std::string> Parse() {
    std::string first = Part();
    if (AtEnd()) return {"", std::move(first)};
    if (text_[at_++] != '.') Fail();
    std::string second = Part();
    if (!AtEnd()) Fail();
    return {std::move(first), std::move(second)};
  }

 private:
  bool AtEnd() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    return at_ == text_.size();
  }

  std::string Part() {
    if (AtEnd()) Fail();
    return text_[at_] == '"' ? Quoted() : Plain();
  }

  std::string Quoted() {
    std::string name;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != '"') {
        name += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        name += text_[++at_];
      } else {
        ++at_;
        if (name.empty()) Fail();
        return name;
      }
    }
    Fail();
  }

  std::string Plain() {
    if (!IsStart(text_[at_])) Fail();
    std::string name;
    for (; at_ < text_.size() && IsPart(text_[at_]); ++at_) {
      const char c = text_[at_];
      name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return name;
  }

  [[noreturn]] void Fail() const {
    throw Error(Disposition::kReject, fmt::format("{} is not the name of a table", text_),
                "write it as in SQL: users, shop.users, shop.\"Odd Name\"");
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::pair<std::string, std::string> SplitName(std::string_view sql_name) {
  return NameParser(sql_name).Parse();
}

std::string Table::QualifiedName() const {
  const auto quoted = [](const std::string& text) {
    return NeedsQuotes(text) ? pg::Session::QuoteName(text) : text;
  };
  return quoted(schema) + "." + quoted(name);
}

}  // namespace pgsluice::catalog
