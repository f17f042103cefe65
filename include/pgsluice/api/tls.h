#pragma once

#include "pgsluice/config/config.h"

namespace pgsluice::api {

/// Throws Error(kFatal) naming the file if a listener cannot use this certificate and key.
void CheckTlsFiles(const config::Tls& files);

}  // namespace pgsluice::api
