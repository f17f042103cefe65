#pragma once

#include <Poco/Net/HTTPRequestHandlerFactory.h>

#include "pgsluice/api/http_server.h"

namespace pgsluice::api {

/// Lets `handler` answer the requests that Poco receives through GuardedSocket.
class HandlerFactory : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  explicit HandlerFactory(const Handler& handler) : handler_(handler) {}
  Poco::Net::HTTPRequestHandler* createRequestHandler(
      const Poco::Net::HTTPServerRequest& request) override;

 private:
  const Handler& handler_;
};

}  // namespace pgsluice::api
