#include "api/connection.h"

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>

#include <array>
#include <exception>
#include <string_view>

#include "api/host_rule.h"
#include "api/request_reader.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::api {

namespace {

using Poco::Net::HTTPResponse;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int kRequests = 1000;       // Of one connection.
constexpr milliseconds kLook{100};    // Between looks at an idle connection.
constexpr milliseconds kSilent{500};  // For the first byte of a new connection, when crowded.
constexpr std::size_t kDrained = 1U << 20U;  // Read and dropped behind a refused request.
constexpr std::size_t kSmall = 16384;        // A body that is worth copying behind its head.

/// Something comes soon, be it the end. Poco would make and close an epoll for this.
bool Readable(Poco::Net::StreamSocket& socket) {
  pollfd end{socket.impl()->sockfd(), POLLIN, 0};
  return ::poll(&end, 1, static_cast<int>(kLook.count())) != 0;
}

HttpResponse Answer(const ConnectionContext& context, const HttpRequest& request) {
  try {
    return context.handler(request);
  } catch (const std::exception& error) {
    observe::Log(observe::Level::kError, "api", error.what(), {{"request_id", request.id}});
    HttpResponse response;
    response.status = 500;
    return response;
  }
}

void SendAll(Poco::Net::StreamSocket& socket, std::string_view bytes, int flags = 0) {
  socket.sendBytes(bytes.data(), static_cast<int>(bytes.size()), flags);
}

/// The head of an answer, but for how its body is told apart from what follows.
std::string Head(const HttpRequest& request, const HttpResponse& answer, bool keep) {
  const auto status = static_cast<HTTPResponse::HTTPStatus>(answer.status);
  std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nDate: {}\r\nConnection: {}\r\nX-Request-Id: {}\r\n", answer.status,
      HTTPResponse::getReasonForStatus(status),
      Poco::DateTimeFormatter::format(Poco::Timestamp(), Poco::DateTimeFormat::HTTP_FORMAT),
      keep ? "Keep-Alive" : "Close", request.id);
  const auto add = [&head](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  for (const auto& [name, value] : answer.headers) add(name, value);
  if (answer.status != 204 && answer.status != 304) add("Content-Type", answer.content_type);
  return head;
}

void Stream(Poco::Net::StreamSocket& socket, const HttpResponse& answer, bool chunked) {
  try {
    answer.stream([&](std::string_view piece) {
      if (piece.empty()) return;
      if (chunked) SendAll(socket, fmt::format("{:x}\r\n", piece.size()), MSG_MORE);
      SendAll(socket, piece, chunked ? MSG_MORE : 0);
      if (chunked) SendAll(socket, "\r\n");
    });
    if (chunked) SendAll(socket, "0\r\n\r\n");
  } catch (const std::exception& error) {
    observe::Log(observe::Level::kWarn, "api", std::string("a stream was cut: ") + error.what());
    throw Poco::Net::NetException("a stream was cut");
  }
}

void Send(Poco::Net::StreamSocket& socket, const HttpRequest& request, const HttpResponse& answer,
          bool keep) {
  std::string head = Head(request, answer, keep);
  const bool bodiless = request.method == "HEAD" || answer.status == 204 || answer.status == 304;
  if (answer.stream) {
    head += request.http11 ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n";
    SendAll(socket, head);
    if (!bodiless) Stream(socket, answer, request.http11);
    return;
  }
  if (answer.status == 204 || answer.status == 304) {
    head += "\r\n";
  } else {
    head += fmt::format("Content-Length: {}\r\n\r\n", answer.body.size());
  }
  const std::string_view body = bodiless ? std::string_view() : answer.body;
  const bool together = body.size() <= kSmall;
  if (together) head += body;
  SendAll(socket, head, together ? 0 : MSG_MORE);
  if (!together) SendAll(socket, body);
}

/// The requests of a connection, and how it ends.
class Session {
 public:
  Session(Poco::Net::StreamSocket& socket, ConnectionContext& context)
      : socket_(socket),
        context_(context),
        reader_(socket, context.limits),
        peer_(socket.peerAddress().host().toString()),
        local_(socket.address().host().toString()) {}

  void Run() {
    while (Wait() && Serve()) {
    }
  }

 private:
  /// Waits for the next request. False when the connection is to end.
  bool Wait() {
    const auto start = Clock::now();
    while (!reader_.buffered() && !Readable(socket_)) {
      const auto idle = Clock::now() - start;
      const int queued = context_.queued();
      // Before others are refused for want of room, whoever says nothing goes.
      const bool patient = served_ == 0 && queued < context_.limits.queued / 2;
      const bool unwanted = queued > 0 && (!patient || idle >= kSilent);
      if (context_.open.draining() || unwanted || idle >= context_.limits.idle) return false;
    }
    return true;
  }

  /// One request. False when the connection is to end.
  bool Serve() {
    HttpRequest request;
    request.peer = peer_;
    request.socket = socket_.impl()->sockfd();
    if (!reader_.Read(request)) return false;
    const auto& hosts = context_.limits.hosts;
    if (hosts && !request.refusal) request.refusal = CheckHost(*hosts, request, local_);
    const HttpResponse answer = Answer(context_, request);
    const bool endless = answer.stream && !request.http11;
    const bool keep = !request.refusal && request.keep_alive && !endless && ++served_ < kRequests &&
                      !context_.open.draining();
    Send(socket_, request, answer, keep);
    if (request.refusal) Linger();
    return keep;
  }

  /// Ends the connection so that the answer arrives although the request was not read: what is
  /// still coming would otherwise reset it.
  void Linger() {
    socket_.shutdownSend();
    std::array<char, 8192> buffer{};
    const auto until = Clock::now() + std::chrono::seconds(1);
    for (std::size_t bytes = 0; bytes < kDrained && Clock::now() < until;) {
      if (!Readable(socket_)) continue;
      const int read = socket_.receiveBytes(buffer.data(), static_cast<int>(buffer.size()));
      if (read <= 0) return;
      bytes += static_cast<std::size_t>(read);
    }
  }

  Poco::Net::StreamSocket& socket_;
  ConnectionContext& context_;
  RequestReader reader_;
  const std::string peer_, local_;
  int served_ = 0;
};

}  // namespace

void ConnectionSet::Add(Poco::Net::StreamSocket* socket) {
  const std::lock_guard lock(mutex_);
  sockets_.insert(socket);
}

void ConnectionSet::Remove(Poco::Net::StreamSocket* socket) {
  const std::lock_guard lock(mutex_);
  sockets_.erase(socket);
  changed_.notify_all();
}

void ConnectionSet::Close(Clock::time_point deadline) {
  Drain();
  std::unique_lock lock(mutex_);
  if (changed_.wait_until(lock, deadline, [this] { return sockets_.empty(); })) return;
  for (Poco::Net::StreamSocket* socket : sockets_) {
    try {
      socket->shutdown();
    } catch (const Poco::Exception&) {
      continue;  // Ended by itself.
    }
  }
}

void Connection::run() {
  context_.open.Add(&socket());
  try {
    Session(socket(), context_).Run();
  } catch (const Poco::Exception& error) {
    observe::Log(observe::Level::kDebug, "api", "a connection ended: " + error.displayText());
  }
  context_.open.Remove(&socket());
}

}  // namespace pgsluice::api
