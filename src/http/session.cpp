#include "http/session.h"

#include <Poco/Exception.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureStreamSocketImpl.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <Poco/Net/X509Certificate.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace pgsluice::http {

/// Adds a deadline for all calls together to Poco's sockets, which limit only the time of each
/// call.
class LimitedSocket {
 public:
  virtual ~LimitedSocket() = default;
  virtual Poco::Net::StreamSocket Handle() = 0;

  void Until(Clock::time_point deadline) { deadline_ = deadline; }
  /// Returns whether the other side has closed the connection and everything it sent was read.
  bool ended() const { return ended_; }

 protected:
  /// Throws at the deadline.
  std::chrono::milliseconds Left() const {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
    if (left.count() <= 0) throw Poco::TimeoutException();
    return left;
  }

  bool ended_ = false;

 private:
  Clock::time_point deadline_;
};

namespace {

using Poco::Net::SocketAddress;
using std::chrono::milliseconds;

// A host that does not respond must not use up the whole deadline, because another address may
// work.
constexpr milliseconds kConnectLimit{5000};
// Per call, so that the deadline is checked between calls.
constexpr std::size_t kSlice = 1U << 20U;

Poco::Timespan ToPoco(milliseconds time) { return Poco::Timespan(time.count() * 1000); }

template <typename Base>
class Limited : public Base, public LimitedSocket {
 public:
  using Base::Base;

  Poco::Net::StreamSocket Handle() override { return Poco::Net::StreamSocket(this); }

  using Base::connect;
  void connect(const SocketAddress& there, const Poco::Timespan&) override {
    ended_ = false;
    limit_ = milliseconds(0);
    Base::connect(there, ToPoco(std::min(Left(), kConnectLimit)));
  }

  int sendBytes(const void* bytes, int size, int flags) override {
    Limit();
    return Base::sendBytes(bytes, size, flags);
  }

  int receiveBytes(void* bytes, int size, int flags) override {
    Limit();
    const int read = std::max(Base::receiveBytes(bytes, size, flags), 0);
    ended_ = read == 0;
    return read;
  }

 private:
  /// Sets the time that is left for the next call, unless the present limit is close enough.
  void Limit() {
    const milliseconds left = Left();
    const bool close_enough = limit_ <= left + milliseconds(20) && limit_ * 2 > left;
    if (close_enough) return;
    limit_ = left;
    Base::setSendTimeout(ToPoco(left));
    Base::setReceiveTimeout(ToPoco(left));
  }

  milliseconds limit_{0};  // As set in the socket.
};

/// Throws unless the certificate is for this host. For an IP address only IP entries of the
/// alternative names count: neither the common name, nor names that look like addresses or contain
/// wildcards.
void RequireCertificateFor(const std::string& host, const Poco::Net::X509Certificate& certificate) {
  auto* x509 = const_cast<X509*>(certificate.certificate());
  Poco::Net::IPAddress ignored;
  const bool address = Poco::Net::IPAddress::tryParse(host, ignored);
  const int right = address ? X509_check_ip_asc(x509, host.c_str(), 0)
                            : X509_check_host(x509, host.data(), host.size(),
                                              X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr);
  if (right == 1) return;
  throw Poco::Net::CertificateValidationException(
      "Unacceptable certificate from " + host,
      address ? "it has no such IP address" : "it is for another name");
}

class SecureSocket : public Limited<Poco::Net::SecureStreamSocketImpl> {
 public:
  SecureSocket(std::string host, Poco::Net::Context::Ptr tls)
      : Limited(std::move(tls)), host_(std::move(host)) {
    setPeerHostName(host_);
  }

  using Limited::connect;
  void connect(const SocketAddress& there, const Poco::Timespan& limit) override {
    Limited::connect(there, limit);
    RequireCertificateFor(host_, peerCertificate());
  }

 private:
  const std::string host_;
};

LimitedSocket* NewSocket(const Address& address, const Poco::Net::Context::Ptr& tls) {
  if (address.tls) return new SecureSocket(address.host, tls);
  return new Limited<Poco::Net::StreamSocketImpl>();
}

}  // namespace

Session::Session(const Address& address, const Poco::Net::Context::Ptr& tls)
    : Session(address, NewSocket(address, tls)) {}

Session::Session(const Address& address, LimitedSocket* socket)
    : HTTPClientSession(socket->Handle()), limits_(*socket) {
  setHost(address.host);
  setPort(address.port);
  setKeepAlive(true);
  // Connection decides how long it may be idle.
  setKeepAliveTimeout(Poco::Timespan(Poco::Timespan::DAYS));
}

void Session::Until(Clock::time_point deadline) { limits_.Until(deadline); }

void Session::Connect() {
  if (!connected()) reconnect();
}

int Session::write(const char* bytes, std::streamsize size) {
  return HTTPSession::write(bytes, size);
}

void Session::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t slice = std::min(bytes.size(), kSlice);
    const int sent = write(bytes.data(), static_cast<std::streamsize>(slice));
    bytes.remove_prefix(static_cast<std::size_t>(std::max(sent, 0)));
  }
}

// peek() and get() return a byte of 0xFF as the end.
bool Session::Await() { return peek() != EOF || !limits_.ended(); }

bool Session::Get(char& out) {
  const int byte = get();
  out = static_cast<char>(byte);
  return byte != EOF || !limits_.ended();
}

std::size_t Session::Read(char* out, std::size_t most) {
  return static_cast<std::size_t>(read(out, static_cast<std::streamsize>(std::min(most, kSlice))));
}

bool Session::Readable() {
  pollfd socket{Descriptor(), POLLIN, 0};
  return socket.fd < 0 || ::poll(&socket, 1, 0) != 0;
}

}  // namespace pgsluice::http
