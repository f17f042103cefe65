#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "pgsluice/config/config.h"
#include "pgsluice/http/transport.h"

namespace pgsluice::api {

/// Creates a self-signed certificate for "localhost".
inline config::Tls MakeCertificate(const std::string& directory, int serial = 1) {
  const config::Tls tls{directory + "/cert.pem", directory + "/key.pem"};
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
  std::unique_ptr<X509, decltype(&X509_free)> cert(X509_new(), X509_free);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3600);
  X509_set_pubkey(cert.get(), key.get());
  X509_NAME* name = X509_get_subject_name(cert.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(cert.get(), name);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_add_ext(cert.get(), names, -1);
  X509_EXTENSION_free(names);
  X509_sign(cert.get(), key.get(), EVP_sha256());
  std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(tls.cert_file.c_str(), "w"),
                                                 BIO_free);
  PEM_write_bio_X509(file.get(), cert.get());
  file.reset(BIO_new_file(tls.key_file.c_str(), "w"));
  PEM_write_bio_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return tls;
}

/// A certificate in a directory of its own, and a client that trusts it.
class TestCertificate {
 public:
  TestCertificate() {
    std::string directory = (std::filesystem::temp_directory_path() / "pgsluice_tls_XXXXXX");
    if (mkdtemp(directory.data()) == nullptr) std::abort();
    directory_ = directory;
    files_ = MakeCertificate(directory_);
  }
  ~TestCertificate() { std::filesystem::remove_all(directory_); }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  const config::Tls& files() const { return files_; }
  /// Returns the body of GET / over a new connection.
  std::string Get(std::uint16_t port) const {
    http::ClientOptions options;
    options.urls = {"https://127.0.0.1:" + std::to_string(port)};
    options.ca_file = files_.cert_file;
    return http::MakeClient(options)->Send({.path = "/"}).body;
  }

 private:
  std::string directory_;
  config::Tls files_;
};

}  // namespace pgsluice::api
