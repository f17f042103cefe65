#pragma once

#include <string>

#include "pgsluice/base/error.h"
#include "pgsluice/query/problem.h"

/// Problems that several endpoints answer with.
namespace pgsluice::api {

/// 499: nobody reads this answer. Metrics and the log count it apart from what went wrong.
query::Problem Gone();
/// 503: the index may be ready soon.
query::Problem NotReady();
/// 503: the first copy of the index is not complete, and the caller needs all of it.
query::Problem StillCopied();
/// 503: a read that waits for the sync needs the database. Logs the error.
query::Problem NoDatabase(const Error& error);
query::Problem EngineUnavailable();  ///< 503.
query::Problem EngineTimeout();      ///< 504.
query::Problem EngineUnreadable();   ///< 502.

}  // namespace pgsluice::api
