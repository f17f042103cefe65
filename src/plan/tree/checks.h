#pragma once

#include <string>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/pg/session.h"
#include "plan/tree/fields.h"

namespace pgsluice::plan {

/// Checks whether documents can be built from this table: kind, privileges, row security.
bool CheckTable(const catalog::Table& table, const std::string& place, Building& building);

/// Returns the table with this name, or null after reporting the nearest name.
const catalog::Table* FindTable(const std::string& name, const std::string& place,
                                Building& building);

/// Lets the server parse the collected fragments (EXPLAIN in read-only transactions, so nothing is
/// executed) and refuses volatile functions.
void CheckFragments(pg::Session& session, Building& building);

/// Lets the server plan the finished statements, which finds other errors of the index: types of
/// joined columns that do not match, an incomplete order list.
void CheckStatements(pg::Session& session, const Plan& plan, Building& building);

}  // namespace pgsluice::plan
