#pragma once

#include "document/sql/read_sql.h"

namespace pgsluice::document {

/// Fills keep_times, keep_block_times_sql and keep_all_times_sql. Call if `refresh_at` is set.
void FillTimeStatements(const RootSql& root, Plan& plan);

}  // namespace pgsluice::document
