#include "http/tls.h"

#include <Poco/Exception.h>
#include <Poco/Net/NetSSL.h>
#include <spdlog/fmt/fmt.h>

#include <fstream>

#include "pgsluice/base/error.h"

namespace pgsluice::http {

namespace {

void RequireReadable(const std::string& file, const char* option) {
  if (file.empty() || std::ifstream(file).good()) return;
  throw Error(Disposition::kFatal, fmt::format("cannot read {} \"{}\"", option, file),
              "check the path and its permissions");
}

}  // namespace

Poco::Net::Context::Ptr MakeTlsContext(const ClientOptions& options) {
  RequireReadable(options.ca_file, "ca_file");
  RequireReadable(options.client_cert_file, "client_cert_file");
  RequireReadable(options.client_key_file, "client_key_file");
  Poco::Net::initializeSSL();
  Poco::Net::Context::Params params;
  params.caLocation = options.ca_file;
  params.loadDefaultCAs = options.ca_file.empty();
  params.certificateFile = options.client_cert_file;
  // A certificate file may hold the key as well.
  params.privateKeyFile =
      options.client_key_file.empty() ? options.client_cert_file : options.client_key_file;
  params.verificationMode = Poco::Net::Context::VERIFY_STRICT;
  try {
    Poco::Net::Context::Ptr context =
        new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, params);
    context->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
    context->enableExtendedCertificateVerification(true);
    return context;
  } catch (const Poco::Exception& e) {
    throw Error(Disposition::kFatal,
                fmt::format("cannot use the configured certificates: {}", e.displayText()),
                "ca_file, client_cert_file and client_key_file must be PEM files");
  }
}

}  // namespace pgsluice::http
