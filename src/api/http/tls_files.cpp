#include "api/http/tls_files.h"

#include <Poco/Exception.h>
#include <Poco/Net/NetSSL.h>
#include <openssl/ssl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "pgsluice/api/tls.h"
#include "pgsluice/base/error.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::api {

namespace {

using Poco::Net::Context;

Context::Ptr Read(const config::Tls& files) {
  const bool mutual = !files.client_ca_file.empty();
  Context::Ptr context =
      new Context(Context::TLS_SERVER_USE, files.key_file, files.cert_file, files.client_ca_file,
                  mutual ? Context::VERIFY_STRICT : Context::VERIFY_NONE);
  // The signature of a client certificate decides, not the caller's host name.
  context->enableExtendedCertificateVerification(false);
  context->requireMinimumProtocol(Context::PROTO_TLSV1_2);
  if (SSL_CTX_check_private_key(context->sslContext()) != 1) {
    throw Poco::InvalidArgumentException("the key does not belong to the certificate");
  }
  return context;
}

std::string StampOf(const config::Tls& files) {
  std::string stamp;
  for (const std::string& file : {files.cert_file, files.key_file, files.client_ca_file}) {
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0) continue;
    stamp += fmt::format("{} {} {} {} {};", found.st_dev, found.st_ino, found.st_size,
                         found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
  }
  return stamp;
}

}  // namespace

void CheckTlsFiles(const config::Tls& files) {
  for (const std::string& file : {files.cert_file, files.key_file, files.client_ca_file}) {
    if (file.empty()) continue;
    if (::access(file.c_str(), R_OK) == 0) continue;
    throw Error(Disposition::kFatal,
                fmt::format("cannot read \"{}\": {}", file, std::strerror(errno)),
                "check the path and its permissions");
  }
  try {
    Poco::Net::initializeSSL();
    Read(files);
  } catch (const Poco::Exception& error) {
    throw Error(Disposition::kFatal,
                fmt::format("cannot use \"{}\" and \"{}\": {}", files.cert_file, files.key_file,
                            error.displayText()));
  }
}

TlsFiles::TlsFiles(const config::Tls& files)
    : files_(files), stamp_(StampOf(files)), context_(Read(files)) {}

Context::Ptr TlsFiles::Current() {
  const std::string stamp = StampOf(files_);
  if (stamp == stamp_) return context_;
  stamp_ = stamp;
  try {
    context_ = Read(files_);
    observe::Log(observe::Level::kInfo, "api", "certificate reloaded",
                 {{"file", files_.cert_file}});
  } catch (const Poco::Exception& error) {
    observe::Log(observe::Level::kWarn, "api",
                 "the new certificate cannot be used, the old one stays: " + error.displayText(),
                 {{"file", files_.cert_file}});
  }
  return context_;
}

}  // namespace pgsluice::api
