#pragma once

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>

#include "api/rest_listener.h"

namespace pgsluice::api {

constexpr std::size_t kMaxBody = 256UL * 1024;
constexpr std::size_t kMaxUrl = 8UL * 1024;
constexpr std::size_t kMaxHeaders = 16UL * 1024;

/// One request and its answer on a Poco connection.
class Exchange : public Poco::Net::HTTPRequestHandler {
 public:
  explicit Exchange(const RestHandler& handler) : handler_(handler) {}
  void handleRequest(Poco::Net::HTTPServerRequest& in, Poco::Net::HTTPServerResponse& out) override;

 private:
  void Fill(Poco::Net::HTTPServerRequest& in, Request& request);
  void ReadBody(Poco::Net::HTTPServerRequest& in, Request& request);
  const RestHandler& handler_;
  bool body_read_ = false;
};

class ExchangeFactory : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  explicit ExchangeFactory(const RestHandler& handler) : handler_(handler) {}
  Poco::Net::HTTPRequestHandler* createRequestHandler(
      const Poco::Net::HTTPServerRequest& request) override;

 private:
  const RestHandler& handler_;
};

/// Percent-decoding; nothing when it is malformed. `plus`: + is a space.
std::optional<std::string> UrlDecode(std::string_view text, bool plus);

}  // namespace pgsluice::api
