#pragma once

#include <Poco/Net/Context.h>

#include "pgsluice/http/transport.h"

namespace pgsluice::http {

/// The TLS settings of one client: at least TLS 1.2; the server's certificate and name are always
/// checked, against `ca_file` when given, else against the system's authorities. Throws
/// Error(kFatal) naming the file that cannot be used.
Poco::Net::Context::Ptr MakeTlsContext(const ClientOptions& options);

/// Why the last certificate that this thread looked at was refused, as in "certificate has
/// expired"; empty when it was not. Asking forgets it.
std::string TakeCertificateTrouble();

}  // namespace pgsluice::http
