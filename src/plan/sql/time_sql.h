#pragma once

#include "plan/sql/read_sql.h"

namespace pgsluice::plan {

/// Fills keep_times, keep_block_times_sql and keep_all_times_sql. Call if `refresh_at` is set.
void FillTimeStatements(const RootSql& root, Plan& plan);

}  // namespace pgsluice::plan
