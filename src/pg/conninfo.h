#pragma once

#include <string>

#include "pgsluice/pg/session.h"

namespace pgsluice::pg {

/// Returns the connection string for libpq: the user's (URL or key=value), with time limits,
/// keepalives and the application's name if the user did not set them. Throws Error(kFatal) if it
/// is neither; the message never contains a password.
std::string ConnInfo(const SessionOptions& options);

/// Returns "host:port/database as user" of a connection string, for messages.
std::string Describe(const SessionOptions& options);

/// Returns " (certificate has expired)" for a server whose certificate was refused, or empty.
std::string WhyRefused(const SessionOptions& options);

}  // namespace pgsluice::pg
