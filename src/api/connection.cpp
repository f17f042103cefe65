#include "api/connection.h"

#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponseImpl.h>
#include <Poco/Net/HTTPServerSession.h>
#include <Poco/Net/NetException.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <exception>
#include <memory>
#include <ostream>
#include <sstream>
#include <string_view>

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

class Session : public Poco::Net::HTTPServerSession {
 public:
  using HTTPServerSession::HTTPServerSession;

  /// Waits for the next request. False when the connection is to end.
  bool Wait(const ConnectionContext& context) {
    const auto start = Clock::now();
    while (buffered() == 0 && !Readable()) {
      const auto idle = Clock::now() - start;
      const int queued = context.queued();
      // Before others are refused for want of room, whoever says nothing goes.
      const bool patient = first_ && queued < context.limits.queued / 2;
      const bool unwanted = queued > 0 && (!patient || idle >= kSilent);
      if (context.open.draining() || unwanted || idle >= context.limits.idle) return false;
    }
    first_ = false;
    --left_;
    return true;
  }
  /// Whether it may go on behind the present request.
  bool MayGoOn() const { return left_ > 0; }

  /// Ends the connection so that the answer arrives although the request was not read: what is
  /// still coming would otherwise reset it.
  void Linger() {
    socket().shutdownSend();
    std::array<char, 8192> buffer{};
    const auto until = Clock::now() + std::chrono::seconds(1);
    for (std::size_t bytes = 0; bytes < kDrained && Clock::now() < until;) {
      if (!Readable()) continue;
      const int read = socket().receiveBytes(buffer.data(), static_cast<int>(buffer.size()));
      if (read <= 0) return;
      bytes += static_cast<std::size_t>(read);
    }
  }

 private:
  /// Something comes soon, be it the end. Poco would make and close an epoll for this.
  bool Readable() {
    pollfd end{socket().impl()->sockfd(), POLLIN, 0};
    return ::poll(&end, 1, static_cast<int>(kLook.count())) != 0;
  }

  bool first_ = true;
  int left_ = kRequests;
};

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

void Stream(Session& session, Poco::Net::HTTPServerResponse& to, const HttpResponse& answer) {
  std::ostream& out = to.send();
  try {
    answer.stream([&out](std::string_view piece) {
      out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
      if (!out.good()) throw Poco::IOException("the caller is gone");
    });
    out.flush();
  } catch (const std::exception& error) {
    observe::Log(observe::Level::kWarn, "api", std::string("a stream was cut: ") + error.what());
    session.socket().shutdown();  // Before Poco writes the last chunk.
    throw Poco::Net::NetException("a stream was cut");
  }
}

/// Past Poco's stream, which cuts what it sends into pieces of 4 KiB.
void Transmit(Poco::Net::StreamSocket& socket, std::string head, std::string_view body) {
  const bool together = body.size() <= kSmall;
  if (together) head += body;
  socket.sendBytes(head.data(), static_cast<int>(head.size()), together ? 0 : MSG_MORE);
  if (!together) socket.sendBytes(body.data(), static_cast<int>(body.size()));
}

void Send(Session& session, Poco::Net::HTTPServerResponse& to, const HttpRequest& request,
          const HttpResponse& answer) {
  to.setStatusAndReason(static_cast<HTTPResponse::HTTPStatus>(answer.status));
  for (const auto& [name, value] : answer.headers) to.set(name, value);
  to.set("X-Request-Id", request.id);
  const bool empty = answer.status == 204 || answer.status == 304;
  if (!empty) to.setContentType(answer.content_type);
  if (answer.stream) {
    to.setChunkedTransferEncoding(to.getVersion() == HTTPResponse::HTTP_1_1);
    if (!to.getChunkedTransferEncoding()) to.setKeepAlive(false);
    if (request.method != "HEAD") return Stream(session, to, answer);
  } else if (!empty) {
    to.setContentLength64(static_cast<Poco::Int64>(answer.body.size()));
  }
  std::ostringstream head;
  to.write(head);
  const bool bodiless = empty || request.method == "HEAD";
  Transmit(session.socket(), head.str(), bodiless ? std::string_view() : answer.body);
}

/// What Poco could not read as a request.
Refusal Unreadable(const Poco::Exception& error) {
  const std::string& text = error.message();
  if (dynamic_cast<const Poco::TimeoutException*>(&error) != nullptr) {
    return {408, "request_timeout", "the request came too slowly"};
  }
  if (text.find("URI") != std::string::npos) return {414, "uri_too_long", "the URL is too long"};
  if (text.find("ield") != std::string::npos) {
    return {431, "headers_too_large", "the headers are too long or too many"};
  }
  return {400, "invalid_parameter", "this is no HTTP request"};
}

void Refuse(Session& session, const ConnectionContext& context, const Poco::Exception& error) {
  HttpRequest request;
  request.peer = session.clientAddress().host().toString();
  request.id = NewRequestId();
  request.refusal = Unreadable(error);
  const HttpResponse answer = Answer(context, request);
  HTTPResponse response(static_cast<HTTPResponse::HTTPStatus>(answer.status));
  response.setVersion(HTTPResponse::HTTP_1_1);
  response.setKeepAlive(false);
  response.setContentType(answer.content_type);
  response.setContentLength64(static_cast<Poco::Int64>(answer.body.size()));
  response.set("X-Request-Id", request.id);
  std::ostringstream head;
  response.write(head);
  Transmit(session.socket(), head.str(), answer.body);
}

enum class Next { kRequest, kEnd, kLinger };

/// One request, and how the connection goes on.
Next Serve(Session& session, ConnectionContext& context) {
  Poco::Net::HTTPServerResponseImpl response(session);
  std::unique_ptr<Poco::Net::HTTPServerRequestImpl> request;
  try {
    request =
        std::make_unique<Poco::Net::HTTPServerRequestImpl>(response, session, context.params.get());
  } catch (const Poco::Net::NoMessageException&) {
    return Next::kEnd;
  } catch (const Poco::Net::MessageException& error) {
    Refuse(session, context, error);
    return Next::kLinger;
  } catch (const Poco::TimeoutException& error) {
    Refuse(session, context, error);
    return Next::kLinger;
  }
  response.setDate(Poco::Timestamp());
  response.setVersion(request->getVersion());
  HttpRequest read;
  read.refusal = ReadRequest(*request, context.limits, read);
  read.socket = session.socket().impl()->sockfd();
  const HttpResponse answer = Answer(context, read);
  const bool keep = !read.refusal && !request->getChunkedTransferEncoding() &&
                    request->getKeepAlive() && session.MayGoOn() && !context.open.draining();
  response.setKeepAlive(keep);
  Send(session, response, read, answer);
  session.setKeepAlive(keep && response.getKeepAlive());
  if (read.refusal) return Next::kLinger;
  return session.getKeepAlive() ? Next::kRequest : Next::kEnd;
}

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
  Session session(socket(), context_.params);
  context_.open.Add(&session.socket());
  try {
    Next next = Next::kRequest;
    while (next == Next::kRequest && session.Wait(context_)) next = Serve(session, context_);
    if (next == Next::kLinger) session.Linger();
  } catch (const Poco::Exception& error) {
    observe::Log(observe::Level::kDebug, "api", "a connection ended: " + error.displayText());
  }
  context_.open.Remove(&session.socket());
}

}  // namespace pgsluice::api
