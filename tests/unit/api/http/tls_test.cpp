#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "pgsluice/api/http_server.h"
#include "pgsluice/api/tls.h"
#include "pgsluice/base/error.h"
#include "pgsluice/http/transport.h"

/// Which certificates are accepted for which names.
namespace pgsluice::api {
namespace {

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(mkdtemp(directory_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  /// A certificate that is its own authority. `names` as OpenSSL writes alternative names; empty:
  /// none.
  config::Tls Certificate(const std::string& file, const std::string& common,
                          const std::string& names) {
    const config::Tls tls{directory_ + "/" + file + ".pem", directory_ + "/" + file + ".key"};
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> cert(X509_new(), X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3600);
    X509_set_version(cert.get(), 2);
    X509_set_pubkey(cert.get(), key.get());
    X509_NAME* name = X509_get_subject_name(cert.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
    X509_set_issuer_name(cert.get(), name);
    if (!names.empty()) {
      X509_EXTENSION* extension =
          X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
      X509_add_ext(cert.get(), extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(cert.get(), key.get(), EVP_sha256());
    std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new_file(tls.cert_file.c_str(), "w"),
                                                  BIO_free);
    PEM_write_bio_X509(out.get(), cert.get());
    out.reset(BIO_new_file(tls.key_file.c_str(), "w"));
    PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return tls;
  }

  /// Returns whether a client that trusts `ca` gets an answer from a server with `tls` at `host`.
  static bool Served(const config::Tls& tls, const std::string& host,
                     const config::Tls& client = {}) {
    HttpServer server({"127.0.0.1", 0}, tls, {}, [](const HttpRequest&) { return HttpResponse(); });
    server.Start();
    http::ClientOptions options;
    options.urls = {"https://" + host + ":" + std::to_string(server.port())};
    options.ca_file = tls.cert_file;
    options.client_cert_file = client.cert_file;
    options.client_key_file = client.key_file;
    bool served = false;
    try {
      served = http::MakeClient(options)->Send({.path = "/"}).status == 200;
    } catch (const Error&) {
      served = false;
    }
    server.Stop(std::chrono::seconds(5));
    return served;
  }

  std::string directory_ = ::testing::TempDir() + "pgsluice_names_XXXXXX";
};

TEST_F(TlsTest, AnAddressIsOnlyProvenByAnAddress) {
  EXPECT_TRUE(Served(Certificate("a", "engine", "IP:127.0.0.1"), "127.0.0.1"));
  EXPECT_FALSE(Served(Certificate("b", "127.0.0.1", ""), "127.0.0.1"));
  EXPECT_FALSE(Served(Certificate("c", "127.0.0.1", "DNS:127.0.0.1"), "127.0.0.1"));
  EXPECT_FALSE(Served(Certificate("d", "*.0.0.1", "DNS:*.0.0.1"), "127.0.0.1"));
  EXPECT_FALSE(Served(Certificate("e", "engine", "IP:127.0.0.2"), "127.0.0.1"));
  EXPECT_FALSE(Served(Certificate("f", "localhost", "DNS:localhost"), "127.0.0.1"));
}

TEST_F(TlsTest, ANameIsProvenByAName) {
  EXPECT_TRUE(Served(Certificate("a", "engine", "DNS:localhost"), "localhost"));
  EXPECT_FALSE(Served(Certificate("b", "localhost", "DNS:engine"), "localhost"));
  EXPECT_FALSE(Served(Certificate("c", "engine", "IP:127.0.0.1"), "localhost"));
}

TEST_F(TlsTest, CallersProveWhoTheyAre) {
  config::Tls server = Certificate("server", "server", "IP:127.0.0.1");
  const config::Tls caller = Certificate("caller", "caller", "");
  const config::Tls stranger = Certificate("stranger", "stranger", "");
  server.client_ca_file = caller.cert_file;
  EXPECT_NO_THROW(CheckTlsFiles(server));
  EXPECT_TRUE(Served(server, "127.0.0.1", caller));
  EXPECT_FALSE(Served(server, "127.0.0.1", stranger));
  EXPECT_FALSE(Served(server, "127.0.0.1"));
}

TEST_F(TlsTest, FilesAreCheckedBeforeTheyAreNeeded) {
  const config::Tls one = Certificate("one", "one", "");
  const config::Tls two = Certificate("two", "two", "");
  EXPECT_THROW(CheckTlsFiles({one.cert_file, two.key_file}), Error);
  EXPECT_THROW(CheckTlsFiles({one.cert_file, "/nowhere"}), Error);
  EXPECT_THROW(CheckTlsFiles({one.key_file, one.key_file}), Error);
}

}  // namespace
}  // namespace pgsluice::api
