#include "pg/certificate.h"

#include <netdb.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <memory>

namespace pgsluice::pg {

namespace {

/// A socket that is closed at the end of the scope. Each operation waits at most two seconds.
class Socket {
 public:
  Socket(const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return;
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
    for (const addrinfo* one = found; one != nullptr && fd_ < 0; one = one->ai_next) {
      fd_ = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const timeval limit{2, 0};
      setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
      setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      if (connect(fd_, one->ai_addr, one->ai_addrlen) == 0) return;
      Close();
    }
  }
  ~Socket() { Close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  int fd_ = -1;
};

/// Sends PostgreSQL's SSLRequest (protocol, "Message Formats"). Returns whether the server offers
/// TLS (S).
bool OffersTls(int fd) {
  constexpr std::array<unsigned char, 8> kRequest = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};
  char answer = 0;
  return send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) == 8 &&
         recv(fd, &answer, 1, 0) == 1 && answer == 'S';
}

}  // namespace

std::string CertificateTrouble(const std::string& host, const std::string& port,
                               const std::string& root) {
  const Socket socket(host, port);
  if (socket.fd() < 0 || !OffersTls(socket.fd())) return {};
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  &SSL_CTX_free);
  if (!context || SSL_CTX_load_verify_locations(context.get(), root.c_str(), nullptr) != 1) {
    return {};
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), &SSL_free);
  if (!tls || SSL_set_fd(tls.get(), socket.fd()) != 1) return {};
  SSL_connect(tls.get());
  const long result = SSL_get_verify_result(tls.get());
  return result == X509_V_OK ? "" : X509_verify_cert_error_string(result);
}

}  // namespace pgsluice::pg
