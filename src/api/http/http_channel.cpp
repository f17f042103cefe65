#include "api/http/http_channel.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace pgsluice::api {

namespace {

constexpr std::size_t kMost = 1U << 20U;  // At one call.

class PlainChannel : public Channel {
 public:
  explicit PlainChannel(int socket) : socket_(socket) {}

  Need Open() override { return Need::kNothing; }

  Done Read(char* out, std::size_t most) override {
    const ssize_t read = ::recv(socket_, out, most, 0);
    if (read > 0) return {Need::kNothing, static_cast<std::size_t>(read)};
    return {read < 0 && WouldWait() ? Need::kRead : Need::kEnd, 0};
  }

  Done Write(std::string_view bytes, bool more) override {
    const ssize_t sent = ::send(socket_, bytes.data(), std::min(bytes.size(), kMost),
                                MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    if (sent >= 0) return {Need::kNothing, static_cast<std::size_t>(sent)};
    return {WouldWait() ? Need::kWrite : Need::kEnd, 0};
  }

  void EndWriting() override { ::shutdown(socket_, SHUT_WR); }

 private:
  static bool WouldWait() { return errno == EAGAIN || errno == EINTR; }

  const int socket_;
};

class TlsChannel : public Channel {
 public:
  TlsChannel(int socket, const Poco::Net::Context::Ptr& context)
      : socket_(socket), ssl_(SSL_new(context->sslContext()), SSL_free) {
    if (!ssl_) return;
    SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
    SSL_set_options(ssl_.get(), SSL_OP_NO_RENEGOTIATION);
    SSL_set_fd(ssl_.get(), socket);
    SSL_set_accept_state(ssl_.get());
  }

  Need Open() override {
    if (!ssl_) return Need::kEnd;
    ERR_clear_error();
    return NeedAfter(SSL_do_handshake(ssl_.get()));
  }

  Done Read(char* out, std::size_t most) override {
    ERR_clear_error();
    std::size_t read = 0;
    const int done = SSL_read_ex(ssl_.get(), out, most, &read);
    return {NeedAfter(done), read};
  }

  Done Write(std::string_view bytes, bool) override {
    ERR_clear_error();
    std::size_t sent = 0;
    const int done = SSL_write_ex(ssl_.get(), bytes.data(), std::min(bytes.size(), kMost), &sent);
    return {NeedAfter(done), sent};
  }

  void EndWriting() override {
    ERR_clear_error();
    if (ssl_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
    ERR_clear_error();
    ::shutdown(socket_, SHUT_WR);
  }

 private:
  Need NeedAfter(int done) const {
    if (done == 1) return Need::kNothing;
    switch (SSL_get_error(ssl_.get(), done)) {
      case SSL_ERROR_WANT_READ:
        return Need::kRead;
      case SSL_ERROR_WANT_WRITE:
        return Need::kWrite;
      default:
        return Need::kEnd;
    }
  }

  const int socket_;
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

}  // namespace

std::unique_ptr<Channel> MakeChannel(int socket) { return std::make_unique<PlainChannel>(socket); }

std::unique_ptr<Channel> MakeTlsChannel(int socket, const Poco::Net::Context::Ptr& context) {
  return std::make_unique<TlsChannel>(socket, context);
}

}  // namespace pgsluice::api
