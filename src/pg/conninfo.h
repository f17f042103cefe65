#pragma once

#include <string>

#include "pgsluice/pg/session.h"

namespace pgsluice::pg {

/// The connection string that libpq is given: what the user wrote (URL or key=value), with time
/// limits, keepalives and the application's name where the user said nothing. Throws Error(kFatal)
/// when it is neither; the message never holds a password.
std::string ConnInfo(const SessionOptions& options);

/// "host:port/database as user" of a connection string, for messages.
std::string Describe(const SessionOptions& options);

/// " (certificate has expired)" for a server whose certificate was refused, or empty.
std::string WhyRefused(const SessionOptions& options);

}  // namespace pgsluice::pg
