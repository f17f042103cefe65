#pragma once

#include <string>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/pg/session.h"
#include "plan/tree/fields.h"

namespace pgsluice::plan {

/// Whether documents can be built from this table: kind, privileges, row security.
bool CheckTable(const catalog::Table& table, const std::string& place, Building& building);

/// The table of that name, or null with a problem that names the nearest one.
const catalog::Table* FindTable(const std::string& name, const std::string& place,
                                Building& building);

/// Lets the server parse the collected fragments (EXPLAIN in read-only transactions: nothing runs,
/// nothing is touched) and refuses volatile functions.
void CheckFragments(pg::Session& session, Building& building);

/// Lets the server plan the finished statements: what still does not fit (types of joined columns,
/// an order list that ends early) is a problem of the index.
void CheckStatements(pg::Session& session, const Plan& plan, Building& building);

}  // namespace pgsluice::plan
