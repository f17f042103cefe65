#pragma once

#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponseImpl.h>
#include <Poco/Net/HTTPServerSession.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/StreamSocketImpl.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "api/http/http_socket.h"

namespace pgsluice::api {

/// A socket that delivers the bytes of a text, in pieces of `piece` bytes.
class TextSocket : public Poco::Net::StreamSocketImpl {
 public:
  TextSocket(std::string text, std::size_t piece) : text_(std::move(text)), piece_(piece) {}

  using StreamSocketImpl::receiveBytes;
  int receiveBytes(void* buffer, int length, int) override {
    const std::size_t count =
        std::min({piece_, text_.size() - at_, static_cast<std::size_t>(length)});
    std::memcpy(buffer, text_.data() + at_, count);
    at_ += count;
    return static_cast<int>(count);
  }
  using StreamSocketImpl::sendBytes;
  int sendBytes(const void*, int length, int) override { return length; }
  Poco::Net::SocketAddress address() override { return {}; }
  Poco::Net::SocketAddress peerAddress() override { return {}; }
  void setReceiveTimeout(const Poco::Timespan&) override {}

 private:
  const std::string text_;
  const std::size_t piece_;
  std::size_t at_ = 0;
};

/// Returns what Poco reads of a request that the guard accepts, in the guard's own form.
struct PocoRead {
  std::string method, target, version, body;
  bool keep_alive = false, more = false;

  static PocoRead Of(const std::string& bytes, std::size_t piece) {
    struct Attached : Poco::Net::StreamSocket {
      explicit Attached(TextSocket* socket) : StreamSocket(socket) {}
    };
    struct Session : Poco::Net::HTTPServerSession {
      using HTTPServerSession::HTTPServerSession;
      using HTTPSession::peek;
    };
    Poco::Net::HTTPServerParams::Ptr params = new Poco::Net::HTTPServerParams;
    Session session(Attached(new TextSocket(bytes, piece)), params);
    Poco::Net::HTTPServerResponseImpl response(session);
    Poco::Net::HTTPServerRequestImpl request(response, session, params);
    PocoRead read;
    read.method = request.getMethod();
    read.target = request.getURI();
    read.version = request.getVersion();
    read.keep_alive = request.getKeepAlive();
    read.body.resize(static_cast<std::size_t>(request.getContentLength64()));
    request.stream().read(read.body.data(), static_cast<std::streamsize>(read.body.size()));
    read.body.resize(static_cast<std::size_t>(request.stream().gcount()));
    read.more = session.peek() >= 0;
    return read;
  }
};

/// Returns how Poco's reading differs from the guard's; empty if it does not.
inline std::string Difference(const HttpRequest& request, std::size_t piece = 65536) {
  const PocoRead read = PocoRead::Of(HeadForPoco(request) + request.body, piece);
  const std::string target = request.path + (request.query.empty() ? "" : "?" + request.query);
  if (read.method != request.method) return "method: " + read.method;
  if (read.target != target) return "target: " + read.target;
  if (read.version != (request.http11 ? "HTTP/1.1" : "HTTP/1.0")) return "version: " + read.version;
  if (read.keep_alive != request.keep_alive) return "keep_alive";
  if (read.body != request.body) return "body: " + read.body;
  if (read.more) return "more bytes than the request";
  return "";
}

}  // namespace pgsluice::api
