#include "http/connection.h"

#include <Poco/Buffer.h>
#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/StreamSocket.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "http/poco_compat.h"
#include "http/tls.h"
#include "pgsluice/base/error.h"

namespace pgsluice::http {

namespace {

using std::chrono::milliseconds;

// A host that does not answer must not eat the whole deadline: another address may be there.
constexpr milliseconds kConnectLimit{5000};
// Bodies up to this size travel in one packet with the header, through Poco's buffer.
constexpr std::size_t kBufferedBody = 2048;
constexpr int kMaxHeaderFields = 200;
constexpr std::size_t kSlice = 64U * 1024U;  // Of an answer, at one read.

Poco::Timespan ToPoco(milliseconds time) { return Poco::Timespan(time.count() * 1000); }

milliseconds Remaining(Clock::time_point deadline) {
  return std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
}

[[noreturn]] void Fail(const Address& address, const std::string& what, std::string hint = {}) {
  throw Error(Disposition::kRetry, fmt::format("{}: {}", address.text, what), std::move(hint));
}

[[noreturn]] void FailTls(const Address& address, const std::string& what) {
  const std::string why = TakeCertificateTrouble();
  const auto has = [&](const char* part) {
    return why.find(part) != std::string::npos || what.find(part) != std::string::npos;
  };
  const char* hint =
      "set ca_file to the authority that signed the engine's certificate, and use the name that "
      "the certificate is for";
  if (has("expired")) hint = "the engine's certificate must be renewed";
  if (has("not yet valid")) hint = "compare the clocks of both machines";
  if (has("self-signed") || has("local issuer")) {
    hint = "set ca_file to the authority that signed the engine's certificate";
  }
  if (has("Unacceptable certificate")) hint = "use the name that the certificate is for";
  if (has("alert")) hint = "the engine refuses our client certificate: check client_cert_file";
  Fail(address, fmt::format("TLS failed: {}{}{}", why, why.empty() ? "" : "; ", what), hint);
}

std::string Describe(const Poco::Exception& e) {
  // Poco's own names ("Connection refused", "Host not found") with what they are about.
  return e.message().empty() ? std::string(e.name()) : e.displayText();
}

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// "timeout=5, max=100"
int KeepAliveSeconds(const std::string& header) {
  const auto at = header.find("timeout=");
  return at == std::string::npos ? 0 : std::atoi(header.c_str() + at + 8);
}

}  // namespace

bool PeerGone(int socket) {
  pollfd end{socket, POLLRDHUP, 0};
  return socket >= 0 && ::poll(&end, 1, 0) > 0;
}

Connection::Connection(const Address& address, const Poco::Net::Context::Ptr& tls)
    : address_(address) {
  if (address.tls) {
    session_ = std::make_unique<Poco::Net::HTTPSClientSession>(address.host, address.port, tls);
  } else {
    session_ = std::make_unique<Poco::Net::HTTPClientSession>(address.host, address.port);
  }
  session_->setKeepAlive(true);
  // Poco counts idle time from the start of a request and would reconnect by itself: Stale()
  // decides instead.
  session_->setKeepAliveTimeout(Poco::Timespan(365, 0, 0, 0, 0));
}

bool Connection::Stale(Clock::time_point now) {
  // Nothing may come on an idle connection: what can be read is its end, or garbage.
  return Expired(now) || Readable();
}

int Connection::Socket() const { return session_->socket().impl()->sockfd(); }

bool Connection::Readable() const {
  pollfd socket{Socket(), POLLIN, 0};
  return socket.fd < 0 || ::poll(&socket, 1, 0) != 0;
}

void Connection::LimitSocket(Clock::time_point deadline) {
  const milliseconds left = Remaining(deadline);
  if (left <= milliseconds(0)) throw Poco::TimeoutException();
  const bool close_enough = socket_limit_ <= left + milliseconds(20) && socket_limit_ * 2 > left;
  if (close_enough) return;
  socket_limit_ = left;
  session_->setTimeout(ToPoco(std::min(left, kConnectLimit)), ToPoco(left), ToPoco(left));
  if (session_->connected()) {
    session_->socket().setSendTimeout(ToPoco(left));
    session_->socket().setReceiveTimeout(ToPoco(left));
  }
}

Response Connection::Exchange(const Request& request, const std::string& authorization,
                              Clock::time_point deadline) {
  stage_ = reused() ? Stage::kWaiting : Stage::kConnecting;
  reusable_ = timed_out_ = answered_early_ = false;
  try {
    LimitSocket(deadline);
    Transmit(request, authorization, deadline);
    Response response = Receive(request, deadline);
    ++exchanges_;
    last_used_ = Clock::now();
    return response;
  } catch (const Poco::TimeoutException&) {
    timed_out_ = true;
    if (stage_ == Stage::kConnecting) Fail(address_, "connecting timed out");
    Fail(address_, fmt::format("no whole answer within {} ms", request.timeout.count()));
  } catch (const Poco::Net::NoMessageException&) {
    Fail(address_, "closed the connection without an answer");
  } catch (const Poco::Net::MessageException&) {
    Fail(address_, "answered with something that is no HTTP",
         "check scheme and port: is it https, or another service?");
  } catch (const Poco::Net::SSLException& e) {
    FailTls(address_, Describe(e));
  } catch (const Poco::Exception& e) {
    Fail(address_, Describe(e));
  }
}

void Connection::Transmit(const Request& request, const std::string& authorization,
                          Clock::time_point deadline) {
  Poco::Net::HTTPRequest head(request.method, address_.prefix + request.path,
                              Poco::Net::HTTPMessage::HTTP_1_1);
  const bool has_body =
      !request.body.empty() || request.method == "POST" || request.method == "PUT";
  if (has_body) {
    head.setContentLength64(static_cast<Poco::Int64>(request.body.size()));
    head.set("Content-Type", request.content_type);
  }
  if (!authorization.empty()) head.set("Authorization", authorization);
  for (const auto& [name, value] : request.headers) head.set(name, value);

  std::ostream& stream = session_->sendRequest(head);
  stage_ = Stage::kWaiting;
  if (request.body.size() <= kBufferedBody) {
    stream.write(request.body.data(), static_cast<std::streamsize>(request.body.size()));
    stream.flush();
  } else {
    stream.flush();
    if (const Poco::Exception* e = session_->networkException()) e->rethrow();
    SendBody(request.body, deadline);
  }
  if (const Poco::Exception* e = session_->networkException()) e->rethrow();
}

void Connection::SendBody(std::string_view rest, Clock::time_point deadline) {
  Poco::Net::StreamSocket& socket = session_->socket();
  try {
    while (!rest.empty()) {
      const std::string_view slice = rest.substr(0, 1U << 20U);
      const int sent = socket.sendBytes(slice.data(), static_cast<int>(slice.size()));
      rest.remove_prefix(static_cast<std::size_t>(std::max(sent, 0)));
      LimitSocket(deadline);
    }
  } catch (const Poco::TimeoutException&) {
    throw;
  } catch (const Poco::Exception&) {
    // A proxy that does not want a body of this size answers 413 and closes while it comes.
    if (!Readable()) throw;
    answered_early_ = true;
  }
}

void Connection::AwaitAnswer(const Request& request, Clock::time_point deadline) {
  if (request.asked_by < 0) return;
  std::array<pollfd, 2> ends{{{Socket(), POLLIN, 0}, {request.asked_by, POLLRDHUP, 0}}};
  while (true) {
    const auto left = Remaining(deadline).count();
    const int ready = ::poll(ends.data(), ends.size(), static_cast<int>(std::max(left, {})));
    if (ready == 0) throw Poco::TimeoutException();
    if (ends[0].revents != 0 || (ready < 0 && errno != EINTR)) return;
    if (ready > 0 && ends[1].revents != 0) throw Abandoned();
  }
}

Response Connection::Receive(const Request& request, Clock::time_point deadline) {
  Poco::Net::HTTPResponse head;
  head.setFieldLimit(kMaxHeaderFields);
  compat::KeepHeadersAsSent(head);
  AwaitAnswer(request, deadline);
  std::istream& stream = session_->receiveResponse(head);
  stage_ = Stage::kReading;

  Response response;
  response.status = static_cast<int>(head.getStatus());
  for (const auto& [name, value] : head) response.headers.emplace_back(name, value);
  if (IsRedirect(response.status)) {
    Fail(address_, fmt::format("answered with a redirect to {}", head.get("Location", "nowhere")),
         "configure the address that it leads to");
  }
  if (request.method != "HEAD" && response.status != 204 && response.status != 304) {
    if (head.hasContentLength() && !head.getChunkedTransferEncoding()) {
      ReadSized(static_cast<std::size_t>(head.getContentLength64()), response.body, deadline);
    } else {
      ReadStream(stream, head, response.body, deadline);
    }
  }
  const int idle = KeepAliveSeconds(head.get("Keep-Alive", ""));
  if (idle > 0) idle_limit_ = std::chrono::seconds(std::max(idle - 1, 0));
  reusable_ = head.getKeepAlive() && !answered_early_;
  return response;
}

void Connection::ReadSized(std::size_t size, std::string& body, Clock::time_point deadline) {
  if (size > kMaxAnswer) FailTooLarge();
  Poco::Buffer<char> ready(0);  // What came with the head.
  session_->drainBuffer(ready);
  if (ready.size() > size) Fail(address_, "answered with more than it announced");
  body.reserve(size);
  body.assign(ready.begin(), ready.size());
  for (std::size_t have = body.size(); have < size;) {
    LimitSocket(deadline);
    if (have == body.size()) body.resize(std::min(size, have + kSlice));
    const int read =
        session_->socket().receiveBytes(body.data() + have, static_cast<int>(body.size() - have));
    if (read <= 0) FailBroken();
    have += static_cast<std::size_t>(read);
  }
}

void Connection::ReadStream(std::istream& stream, const Poco::Net::HTTPResponse& head,
                            std::string& body, Clock::time_point deadline) {
  // What one read from the socket brought, not more: so the deadline also holds against a server
  // that sends a byte now and then.
  std::streambuf& buffer = *stream.rdbuf();
  while (buffer.sgetc() != std::char_traits<char>::eof()) {
    const std::streamsize ready = buffer.in_avail();
    const std::size_t old = body.size();
    if (old + static_cast<std::size_t>(ready) > kMaxAnswer) FailTooLarge();
    body.resize(old + static_cast<std::size_t>(ready));
    buffer.sgetn(body.data() + old, ready);
    LimitSocket(deadline);
  }
  // To Poco a chunked answer that breaks off looks like one that ends.
  const bool broken = head.getChunkedTransferEncoding() && head.getKeepAlive() && Readable();
  if (broken) FailBroken();
}

void Connection::FailBroken() const {
  Fail(address_, "closed the connection in the middle of an answer");
}

void Connection::FailTooLarge() const {
  throw Error(Disposition::kReject,
              fmt::format("{}: the answer is larger than {} MB", address_.text, kMaxAnswer >> 20U));
}

}  // namespace pgsluice::http
