#include "http/connection.h"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/SSLException.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "http/tls.h"
#include "pgsluice/base/error.h"

namespace pgsluice::http {

namespace {

using std::chrono::milliseconds;

// Bodies up to this size are sent with the head by Poco's stream, 4 KB at a time.
constexpr std::size_t kSmallBody = 8U * 1024U;

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
  // Poco's own names ("Connection refused", "Host not found") with their subject.
  return e.message().empty() ? std::string(e.name()) : e.displayText();
}

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string Location(const Response& response) {
  for (const auto& [name, value] : response.headers) {
    if (::strcasecmp(name.c_str(), "location") == 0) return value;
  }
  return "nowhere";
}

}  // namespace

bool PeerGone(int socket) {
  pollfd end{socket, POLLRDHUP, 0};
  return socket >= 0 && ::poll(&end, 1, 0) > 0;
}

Connection::Connection(const Address& address, const Poco::Net::Context::Ptr& tls)
    : address_(address), session_(address, tls) {}

bool Connection::Stale(Clock::time_point now) {
  // Nothing may arrive on an idle connection. So if it is readable, it has ended or is out of step.
  return Expired(now) || session_.Readable();
}

Response Connection::Exchange(const Request& request, const std::string& authorization,
                              Clock::time_point deadline) {
  stage_ = reused() ? Stage::kWaiting : Stage::kConnecting;
  reusable_ = timed_out_ = answered_early_ = false;
  try {
    session_.Until(deadline);
    session_.Connect();
    stage_ = Stage::kWaiting;
    Transmit(request, authorization);
    AwaitAnswer(request, deadline);
    Response response = Receive(request);
    ++exchanges_;
    last_used_ = Clock::now();
    return response;
  } catch (const Poco::TimeoutException&) {
    timed_out_ = true;
    if (stage_ == Stage::kConnecting) Fail(address_, "connecting timed out");
    Fail(address_, fmt::format("no complete answer within {} ms", request.timeout.count()));
  } catch (const BadAnswer& e) {
    Fail(address_, e.what(), e.hint);
  } catch (const TooLargeAnswer&) {
    throw Error(Disposition::kReject, fmt::format("{}: the answer is larger than {} MB",
                                                  address_.text, AnswerReader::kMaxBody >> 20U));
  } catch (const Poco::Net::SSLException& e) {
    FailTls(address_, Describe(e));
  } catch (const Poco::Exception& e) {
    Fail(address_, Describe(e));
  }
}

void Connection::Transmit(const Request& request, const std::string& authorization) {
  Poco::Net::HTTPRequest head(request.method, address_.prefix + request.path,
                              Poco::Net::HTTPMessage::HTTP_1_1);
  head.set("Host", HostHeader(address_));
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    head.setContentType(request.content_type);
    head.setContentLength64(static_cast<Poco::Int64>(request.body.size()));
  }
  if (!authorization.empty()) head.set("Authorization", authorization);
  for (const auto& [name, value] : request.headers) head.add(name, value);
  std::ostream& stream = session_.sendRequest(head);
  const bool together = request.body.size() <= kSmallBody;
  if (together) {
    stream.write(request.body.data(), static_cast<std::streamsize>(request.body.size()));
  }
  session_.flushRequest();
  if (!together) SendBody(request.body);
}

void Connection::SendBody(std::string_view body) {
  try {
    session_.Send(body);
  } catch (const Poco::TimeoutException&) {
    throw;
  } catch (const Poco::Exception&) {
    // A proxy that refuses a body of this size responds with 413 and closes the connection while
    // the body is sent.
    if (!session_.Readable()) throw;
    answered_early_ = true;
  }
}

void Connection::AwaitAnswer(const Request& request, Clock::time_point deadline) {
  if (request.asked_by < 0) return;
  std::array<pollfd, 2> ends{
      {{session_.Descriptor(), POLLIN, 0}, {request.asked_by, POLLRDHUP, 0}}};
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now()).count();
    const int ready = ::poll(ends.data(), ends.size(), static_cast<int>(std::max(left, {})));
    if (ready == 0) throw Poco::TimeoutException();
    if (ends[0].revents != 0 || (ready < 0 && errno != EINTR)) return;
    if (ready > 0 && ends[1].revents != 0) throw Abandoned();
  }
}

Response Connection::Receive(const Request& request) {
  if (!reader_.Begin()) throw BadAnswer("closed the connection without an answer");
  stage_ = Stage::kReading;
  Response response = reader_.Read(request.method == "HEAD");
  if (IsRedirect(response.status)) {
    Fail(address_, fmt::format("answered with a redirect to {}", Location(response)),
         "configure the address that it leads to");
  }
  if (const auto idle = reader_.keep_alive_for()) idle_limit_ = *idle - std::chrono::seconds(1);
  reusable_ = reader_.keep_alive() && !answered_early_;
  return response;
}

}  // namespace pgsluice::http
