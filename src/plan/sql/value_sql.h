#pragma once

#include <string>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {

/// The parts from which a member of a JSON object is built.
struct Member {
  std::string name;
  std::string value;              ///< SQL: the member's JSON as text, or NULL.
  std::string absent = "'null'";  ///< SQL: the JSON for NULL.
  std::string raw_when;  ///< SQL condition, never NULL: the engine would refuse this value at its
                         ///< own path. Empty: it never does.
  std::string order;  ///< SQL: an enum value's position in the declared order, as text; or empty.
};

/// Returns the member for `expression`, an SQL expression of the given type, mapped as `field`.
Member MemberOf(const Field& field, const catalog::TypeInfo& type, const std::string& expression);

/// Returns a text expression of a JSON object on one line. A member that the engine cannot accept
/// at its path is named `__raw:NAME` instead, which is not mapped; enums get their position in
/// `__enum`. `tail` is a text expression appended after the last member (",…"), or empty.
std::string ObjectSql(const std::vector<Member>& members, const std::string& tail = {});

/// Concatenates text expressions, none of which may be NULL. Groups the `||`, so that neither the
/// parser's stack nor the copying of wide rows grows with the square of the columns.
std::string ConcatSql(const std::vector<std::string>& pieces);

/// Returns JSON text of a value (NULL for NULL), whether or not the engine accepts it.
std::string JsonSql(const Field& field, const catalog::TypeInfo& type, const std::string& x);

/// Returns `'…'`, never with E'' syntax.
std::string Literal(std::string_view text);
/// Returns `"…"`, always quoted.
std::string Quoted(std::string_view name);

}  // namespace pgsluice::plan
