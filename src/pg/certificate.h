#pragma once

#include <string>

namespace pgsluice::pg {

/// Returns OpenSSL's reason why a PostgreSQL server's certificate was refused, as in "certificate
/// has expired". libpq does not report it, so the server is contacted once more. Empty if it is not
/// known. `root` is the file of sslrootcert.
std::string CertificateTrouble(const std::string& host, const std::string& port,
                               const std::string& root);

}  // namespace pgsluice::pg
