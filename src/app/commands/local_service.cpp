#include "app/commands/local_service.h"

#include "pgsluice/base/error.h"

namespace pgsluice::app {

namespace {

std::string Url(const config::Address& address, bool tls) {
  std::string host = address.host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = '[' + host + ']';
  return (tls ? "https://" : "http://") + host + ':' + std::to_string(address.port);
}

}  // namespace

std::optional<http::Response> AskService(const config::Address& address,
                                         const std::optional<config::Tls>& tls,
                                         const std::string& path,
                                         std::chrono::milliseconds timeout) {
  http::ClientOptions options;
  options.urls = {Url(address, tls.has_value())};
  if (tls) options.ca_file = tls->cert_file;
  try {
    http::Request request;
    request.path = path;
    request.timeout = timeout;
    return http::MakeClient(options)->Send(request);
  } catch (const Error& error) {
    if (error.disposition() == Disposition::kRetry) return std::nullopt;
    throw;
  }
}

}  // namespace pgsluice::app
