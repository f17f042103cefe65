#pragma once

#include <string>

#include "pgsluice/base/error.h"
#include "pgsluice/query/problem.h"

/// Problems that several endpoints return.
namespace pgsluice::api {

/// 499, after the caller closed the connection. Metrics and logs count it separately from errors.
query::Problem Gone();
/// 503: the index may be ready soon.
query::Problem NotReady();
/// 503: the first copy of the index is not complete, and the caller needs all of it.
query::Problem StillCopied();
/// 503: the read waits for the sync, which needs the database. Logs the error.
query::Problem NoDatabase(const Error& error);
query::Problem EngineUnavailable();  ///< 503.
query::Problem EngineTimeout();      ///< 504.
query::Problem EngineUnreadable();   ///< 502.

}  // namespace pgsluice::api
