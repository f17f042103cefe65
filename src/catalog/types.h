#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/pg/session.h"

namespace pgsluice::catalog {

/// The types of columns, and their parts.
class Types {
 public:
  explicit Types(pg::Session& session);

  /// Returns the description of a column whose own type is `oid`, written `sql`.
  TypeInfo Resolve(std::uint32_t oid, std::string sql, bool deterministic) const;

 private:
  struct Row {
    std::string name, schema;
    char kind = 'b';
    std::uint32_t domain_of = 0;
    std::string sql;            ///< Without a length or precision.
    std::string domain_sql;     ///< The type below a domain, with length or precision.
    std::uint32_t inner = 0;    ///< Subtype of a range, range of a multirange.
    std::uint32_t element = 0;  ///< Of an array.
    bool ambiguous = false;
  };

  std::map<std::uint32_t, Row> rows_;
  struct Attribute {
    std::string name, sql;
    std::uint32_t type = 0;
  };

  std::map<std::uint32_t, std::vector<std::string>> labels_;
  std::map<std::uint32_t, std::vector<Attribute>> attributes_;
};

}  // namespace pgsluice::catalog
