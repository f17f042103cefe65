#pragma once

#include <Poco/Net/Context.h>

#include <string>

#include "pgsluice/config/config.h"

namespace pgsluice::api {

/// Certificate and key of a listener, reloaded when the files change. If the new ones cannot be
/// used, that is logged once and the old ones stay. Not thread-safe: used by the one thread that
/// accepts.
class TlsFiles {
 public:
  /// Throws Poco::Exception if the files cannot be used.
  explicit TlsFiles(const config::Tls& files);

  Poco::Net::Context::Ptr Current();

 private:
  const config::Tls files_;
  std::string stamp_;  ///< Identifies the state of the files when they were read.
  Poco::Net::Context::Ptr context_;
};

}  // namespace pgsluice::api
