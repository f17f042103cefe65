#include "api/connection.h"

#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponseImpl.h>
#include <Poco/Net/HTTPServerSession.h>
#include <Poco/Net/NetException.h>

#include <array>
#include <exception>
#include <memory>
#include <ostream>
#include <sstream>

#include "api/request_reader.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::api {

namespace {

using Poco::Net::HTTPResponse;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kLook{100};    // Between looks at an idle connection.
constexpr milliseconds kSilent{500};  // For the first byte of a new connection, when crowded.
constexpr std::size_t kDrained = 1U << 20U;  // Read and dropped behind a refused request.

Poco::Timespan ToPoco(milliseconds time) { return Poco::Timespan(time.count() * 1000); }

class Session : public Poco::Net::HTTPServerSession {
 public:
  using HTTPServerSession::HTTPServerSession;

  /// Waits for the next request. False when the connection is to end.
  bool Wait(const ConnectionContext& context) {
    const auto start = Clock::now();
    while (buffered() == 0 && !socket().poll(ToPoco(kLook), Poco::Net::Socket::SELECT_READ)) {
      const auto idle = Clock::now() - start;
      const int queued = context.queued();
      // Before others are refused for want of room, whoever says nothing goes.
      const bool patient = first_ && queued < context.limits.queued / 2;
      const bool unwanted = queued > 0 && (!patient || idle >= kSilent);
      if (context.open.draining() || unwanted || idle >= context.limits.idle) return false;
    }
    first_ = false;
    return hasMoreRequests();
  }

  /// Ends the connection so that the answer arrives although the request was not read: what is
  /// still coming would otherwise reset it.
  void Linger() {
    socket().shutdownSend();
    std::array<char, 8192> buffer{};
    const auto until = Clock::now() + std::chrono::seconds(1);
    for (std::size_t bytes = 0; bytes < kDrained && Clock::now() < until;) {
      if (!socket().poll(ToPoco(kLook), Poco::Net::Socket::SELECT_READ)) continue;
      const int read = socket().receiveBytes(buffer.data(), static_cast<int>(buffer.size()));
      if (read <= 0) return;
      bytes += static_cast<std::size_t>(read);
    }
  }

 private:
  bool first_ = true;
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
  if (request.method == "HEAD" || empty) {
    to.send();
  } else {
    to.sendBuffer(answer.body.data(), answer.body.size());
  }
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
  std::ostringstream text;
  response.write(text);
  const std::string bytes = text.str() + answer.body;
  session.socket().sendBytes(bytes.data(), static_cast<int>(bytes.size()));
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
                    request->getKeepAlive() && session.canKeepAlive() && !context.open.draining();
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
