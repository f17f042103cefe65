#pragma once

#include <string>

namespace pgsluice::pg {

/// What OpenSSL says about the certificate of a PostgreSQL server that was refused, as in
/// "certificate has expired": libpq keeps it for itself, so the server is asked once more. Empty
/// if it is not known. `root` is the file of sslrootcert.
std::string CertificateTrouble(const std::string& host, const std::string& port,
                               const std::string& root);

}  // namespace pgsluice::pg
