#pragma once

#include <Poco/Net/Context.h>

#include "pgsluice/http/transport.h"

namespace pgsluice::http {

/// Returns the TLS settings of one client: at least TLS 1.2. The server's certificate and name are
/// always checked, against `ca_file` if given, else against the system's authorities. Throws
/// Error(kFatal) naming the file that cannot be used.
Poco::Net::Context::Ptr MakeTlsContext(const ClientOptions& options);

/// Returns why the last certificate that this thread checked was refused, as in "certificate has
/// expired"; empty if it was not. Clears the reason.
std::string TakeCertificateTrouble();

}  // namespace pgsluice::http
