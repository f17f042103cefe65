#pragma once

#include <Poco/Net/Context.h>

#include <string>

#include "pgsluice/config/config.h"

namespace pgsluice::api {

/// Certificate and key of a listener, read again when the files change. New ones that cannot be
/// used are logged once, and the old ones stay. Not thread-safe: for the one thread that accepts.
class TlsFiles {
 public:
  /// Throws Poco::Exception when the files cannot be used.
  explicit TlsFiles(const config::Tls& files);

  Poco::Net::Context::Ptr Current();

 private:
  const config::Tls files_;
  std::string stamp_;  ///< What the files looked like when they were read.
  Poco::Net::Context::Ptr context_;
};

}  // namespace pgsluice::api
