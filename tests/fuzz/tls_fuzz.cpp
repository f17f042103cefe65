#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "fuzz/fuzz.h"
#include "pgsluice/api/http_server.h"
#include "unit/api/test_certificate.h"

/// Sends the bytes to a TLS port: at the start, in the middle of a handshake, or after one (the
/// first byte decides). The connection must end without a response, and the next caller must be
/// served.
namespace pgsluice::fuzz {
namespace {

class TlsServer {
 public:
  TlsServer()
      : server_({"127.0.0.1", 0}, certificate_.files(), {}, [](const api::HttpRequest&) {
          api::HttpResponse response;
          response.body = "answered";
          return response;
        }) {
    server_.Start();
  }
  std::uint16_t port() const { return server_.port(); }

 private:
  api::TestCertificate certificate_;
  api::HttpServer server_;
};

class Caller {
 public:
  explicit Caller(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    Require(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
            "cannot connect");
  }
  ~Caller() { ::close(socket_); }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  int socket() const { return socket_; }
  void Send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // Refused before all was sent.
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// All that comes until the server closes.
  std::string Finish() const {
    ::shutdown(socket_, SHUT_WR);
    std::string text;
    char buffer[4096];
    ssize_t read = 0;
    while ((read = ::recv(socket_, buffer, sizeof buffer, 0)) > 0) {
      text.append(buffer, static_cast<std::size_t>(read));
    }
    Require(read == 0 || (errno != EAGAIN && errno != EWOULDBLOCK), "the connection stays open");
    return text;
  }

 private:
  const int socket_;
};

using Tls = std::unique_ptr<SSL, decltype(&SSL_free)>;

Tls NewTls() {
  static SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  return {SSL_new(context), SSL_free};
}

/// The first message of a handshake.
std::string Hello() {
  const Tls tls = NewTls();
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(tls.get(), BIO_new(BIO_s_mem()), out);
  SSL_connect(tls.get());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace
}  // namespace pgsluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  static auto& server = *new fuzz::TlsServer;
  if (size == 0) return 0;
  const std::string_view text = fuzz::Text(data + 1, size - 1);
  const fuzz::Caller caller(server.port());
  const fuzz::Tls tls = fuzz::NewTls();
  if (data[0] % 3 == 1) caller.Send(fuzz::Hello());
  if (data[0] % 3 == 2) {
    SSL_set_fd(tls.get(), caller.socket());
    fuzz::Require(SSL_connect(tls.get()) == 1, "the next caller is not served");
  }
  caller.Send(text);
  const std::string answer = caller.Finish();
  fuzz::Require(answer.find("answered") == std::string::npos, "answered", text);
  return 0;
}
