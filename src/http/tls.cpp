#include "http/tls.h"

#include <Poco/Exception.h>
#include <Poco/Net/NetSSL.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <spdlog/fmt/fmt.h>

#include <fstream>
#include <utility>

#include "pgsluice/base/error.h"

namespace pgsluice::http {

namespace {

void RequireReadable(const std::string& file, const char* option) {
  if (file.empty() || std::ifstream(file).good()) return;
  throw Error(Disposition::kFatal, fmt::format("cannot read {} \"{}\"", option, file),
              "check the path and its permissions");
}

thread_local std::string trouble;

/// OpenSSL reports the fault of a certificate only to this callback.
int OnCertificate(int good, X509_STORE_CTX* store) {
  if (good == 0) trouble = X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
  return good;
}

}  // namespace

std::string TakeCertificateTrouble() { return std::exchange(trouble, {}); }

Poco::Net::Context::Ptr MakeTlsContext(const ClientOptions& options) {
  RequireReadable(options.ca_file, "ca_file");
  RequireReadable(options.client_cert_file, "client_cert_file");
  RequireReadable(options.client_key_file, "client_key_file");
  Poco::Net::initializeSSL();
  Poco::Net::Context::Params params;
  params.caLocation = options.ca_file;
  params.loadDefaultCAs = options.ca_file.empty();
  params.certificateFile = options.client_cert_file;
  // A certificate file may contain the key as well.
  params.privateKeyFile =
      options.client_key_file.empty() ? options.client_cert_file : options.client_key_file;
  params.verificationMode = Poco::Net::Context::VERIFY_STRICT;
  try {
    Poco::Net::Context::Ptr context =
        new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, params);
    context->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
    // OpenSSL checks the chain; Session checks the name, because Poco's check is less strict.
    context->enableExtendedCertificateVerification(false);
    SSL_CTX_set_verify(context->sslContext(), SSL_VERIFY_PEER, OnCertificate);
    return context;
  } catch (const Poco::Exception& e) {
    throw Error(Disposition::kFatal,
                fmt::format("cannot use the configured certificates: {}", e.displayText()),
                "ca_file, client_cert_file and client_key_file must be PEM files");
  }
}

}  // namespace pgsluice::http
