#include "api/http/http_handler.h"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>

#include <exception>
#include <string>
#include <utility>

#include "api/http/http_socket.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::api {

namespace {

using Poco::Net::HTTPServerRequest;
using Poco::Net::HTTPServerResponse;

constexpr int kRequests = 1000;        // Per connection.
constexpr std::size_t kSmall = 16384;  // Bodies up to this size are sent together with the head.

class RequestHandler : public Poco::Net::HTTPRequestHandler {
 public:
  explicit RequestHandler(const Handler& handler) : handler_(handler) {}

  void handleRequest(HTTPServerRequest& in, HTTPServerResponse& out) override {
    GuardedSocket& socket = GuardedSocket::Of(in);
    HttpRequest request = socket.TakeRequest();
    ReadBody(in, request);
    HttpResponse answer = Answer(request);
    out.setVersion(Poco::Net::HTTPMessage::HTTP_1_1);  // This server's version, for every caller.
    const bool keep = Keeps(socket, request, answer);
    out.setKeepAlive(keep);
    if (keep) socket.Keep();
    try {
      Send(socket, request, std::move(answer), out);
    } catch (const std::exception& error) {
      socket.Abort();
      observe::Log(observe::Level::kWarn, "api", std::string("a stream was cut: ") + error.what(),
                   {{"request_id", request.id}});
    }
  }

 private:
  static void ReadBody(HTTPServerRequest& in, HttpRequest& request) {
    request.body.resize(static_cast<std::size_t>(in.getContentLength64()));
    if (request.body.empty()) return;
    in.stream().read(request.body.data(), static_cast<std::streamsize>(request.body.size()));
  }

  HttpResponse Answer(const HttpRequest& request) const {
    try {
      return handler_(request);
    } catch (const std::exception& error) {
      observe::Log(observe::Level::kError, "api", error.what(), {{"request_id", request.id}});
      HttpResponse response;
      response.status = 500;
      return response;
    }
  }

  static bool Keeps(GuardedSocket& socket, const HttpRequest& request, const HttpResponse& answer) {
    const bool endless = answer.stream && !request.http11;
    return !request.refusal && request.keep_alive && !endless &&
           ++socket.connection().served < kRequests && !socket.guard().draining();
  }

  static void Send(GuardedSocket& socket, const HttpRequest& request, HttpResponse answer,
                   HTTPServerResponse& out) {
    out.setStatusAndReason(static_cast<HTTPServerResponse::HTTPStatus>(answer.status));
    out.set("X-Request-Id", request.id);
    for (const auto& [name, value] : answer.headers) out.add(name, value);
    const bool bodiless = answer.status == 204 || answer.status == 304;
    if (!bodiless) out.setContentType(answer.content_type);
    const bool head = bodiless || request.method == "HEAD";
    if (answer.stream) {
      out.setChunkedTransferEncoding(request.http11);
      std::ostream& stream = out.send();
      if (!head) Stream(socket.connection(), answer, stream);
    } else if (head || answer.body.size() > kSmall) {
      if (!bodiless) out.setContentLength64(static_cast<Poco::Int64>(answer.body.size()));
      out.send().flush();
      if (!head) socket.connection().Take(std::move(answer.body));  // Avoids Poco's stream of 4 KB.
    } else {
      out.sendBuffer(answer.body.data(), answer.body.size());
    }
  }

  static void Stream(HttpConnection& connection, const HttpResponse& answer, std::ostream& out) {
    out.flush();
    answer.stream([&](std::string_view piece) {
      out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
      out.flush();
      connection.SendAll();
    });
  }

  const Handler& handler_;
};

}  // namespace

Poco::Net::HTTPRequestHandler* HandlerFactory::createRequestHandler(
    const Poco::Net::HTTPServerRequest&) {
  return new RequestHandler(handler_);  // Poco owns it
}

}  // namespace pgsluice::api
