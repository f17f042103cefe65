#pragma once

#include <string>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {

/// How one member of a JSON object is built.
struct Member {
  std::string name;
  std::string value;              ///< SQL: the member's JSON as text, or NULL.
  std::string absent = "'null'";  ///< SQL: the JSON that stands for NULL.
  std::string raw_when;  ///< SQL condition, never NULL: the engine would refuse this value at its
                         ///< own path. Empty: it never does.
  std::string order;     ///< SQL: an enum value's place in the declared order, as text; or empty.
};

/// The member for `expression`, a SQL expression of the given type, mapped as `field`.
Member MemberOf(const Field& field, const catalog::TypeInfo& type, const std::string& expression);

/// A text expression of a JSON object on one line. A member that the engine cannot take at its path
/// is called `__raw:NAME` instead, which is not mapped; enums get their place in `__enum`. `tail`
/// is a text expression appended behind the last member (",…"), or empty.
std::string ObjectSql(const std::vector<Member>& members, const std::string& tail = {});

/// Text expressions, none of them ever NULL, one behind the other: `||` in groups, so that neither
/// the parser's stack nor the copying of wide rows grows with the square of the columns.
std::string ConcatSql(const std::vector<std::string>& pieces);

/// JSON text of a value (NULL for NULL) without regard to what the engine takes.
std::string JsonSql(const Field& field, const catalog::TypeInfo& type, const std::string& x);

/// `'…'`, with E'' syntax never needed.
std::string Literal(std::string_view text);
/// `"…"`, always quoted.
std::string Quoted(std::string_view name);

}  // namespace pgsluice::plan
