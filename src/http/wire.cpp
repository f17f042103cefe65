#include "http/wire.h"

#include <Poco/Exception.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/X509Certificate.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>

namespace pgsluice::http {

namespace {

using std::chrono::milliseconds;

// A host that does not respond must not use up the whole deadline, because another address may
// work.
constexpr milliseconds kConnectLimit{5000};
// Per call, so that the deadline is checked between calls.
constexpr std::size_t kSlice = 1U << 20U;

Poco::Timespan ToPoco(milliseconds time) { return Poco::Timespan(time.count() * 1000); }

/// Throws unless the certificate is for this host. For an IP address only IP entries of the
/// alternative names count: neither the common name, nor names that look like addresses or contain
/// wildcards.
void RequireCertificateFor(const std::string& host, Poco::Net::SecureStreamSocket& socket) {
  const Poco::Net::X509Certificate certificate = socket.peerCertificate();
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

}  // namespace

milliseconds Wire::Left() const {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - Clock::now());
  if (left <= milliseconds(0)) throw Poco::TimeoutException();
  return left;
}

void Wire::Limit() {
  const milliseconds left = Left();
  const bool close_enough = limit_ <= left + milliseconds(20) && limit_ * 2 > left;
  if (close_enough) return;
  limit_ = left;
  socket_.setSendTimeout(ToPoco(left));
  socket_.setReceiveTimeout(ToPoco(left));
}

void Wire::Connect(const Address& address, const Poco::Net::Context::Ptr& tls) {
  const Poco::Net::SocketAddress there(address.host, address.port);
  const Poco::Timespan limit = ToPoco(std::min(Left(), kConnectLimit));
  if (address.tls) {
    Poco::Net::SecureStreamSocket secure(tls);
    secure.setPeerHostName(address.host);
    secure.connect(there, limit);
    RequireCertificateFor(address.host, secure);
    socket_ = secure;
  } else {
    socket_.connect(there, limit);
  }
  socket_.setNoDelay(true);
}

void Wire::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    Limit();
    const std::string_view slice = bytes.substr(0, kSlice);
    const int sent = socket_.sendBytes(slice.data(), static_cast<int>(slice.size()));
    bytes.remove_prefix(static_cast<std::size_t>(std::max(sent, 0)));
  }
}

std::size_t Wire::Receive(char* out, std::size_t most) {
  Limit();
  const int read = socket_.receiveBytes(out, static_cast<int>(std::min(most, kSlice)));
  return static_cast<std::size_t>(std::max(read, 0));
}

bool Wire::Readable() const {
  pollfd socket{Descriptor(), POLLIN, 0};
  return socket.fd < 0 || ::poll(&socket, 1, 0) != 0;
}

}  // namespace pgsluice::http
