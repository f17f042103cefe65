#include "app/service/fetch_url.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/base/error.h"
#include "pgsluice/http/transport.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::app {

std::string FetchUrl(const std::string& url) {
  const std::size_t authority = url.find("://") + 3;
  const std::size_t path = std::min(url.find('/', authority), url.size());
  http::ClientOptions options;
  options.urls = {url.substr(0, path)};
  http::Request request;
  request.path = path < url.size() ? url.substr(path) : "/";
  request.timeout = std::chrono::seconds(5);
  http::Response response = http::MakeClient(options)->Send(request);
  if (response.status == 200) return std::move(response.body);
  throw Error(Disposition::kRetry,
              fmt::format("{} answered with status {}", observe::MaskUrl(url), response.status));
}

}  // namespace pgsluice::app
