#include "pgsluice/engine/engine.h"

namespace pgsluice::engine {

std::shared_ptr<http::Transport> MakeTransport(const config::Elasticsearch& config) {
  http::ClientOptions options;
  options.urls = config.urls;
  options.username = config.username;
  options.password = config.password;
  options.api_key = config.api_key;
  options.bearer = config.bearer;
  options.ca_file = config.ca_file;
  options.client_cert_file = config.client_cert_file;
  options.client_key_file = config.client_key_file;
  if (config.aws) options.aws = {config.aws->region, config.aws->service};
  return http::MakeClient(options);
}

}  // namespace pgsluice::engine
