#include "fuzz/silent_api.h"

/// Sends whole requests to the API without HTTP: "METHOD path?query\nbody".
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  static auto& api = *new fuzz::SilentApi;
  const std::string_view text = fuzz::Text(data, size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const std::string_view target = text.substr(0, line);
  const std::size_t space = std::min(target.find(' '), target.size());
  const std::size_t question = std::min(target.find('?'), target.size());
  api::HttpRequest request;
  request.id = "fuzz";
  request.peer = "127.0.0.1";
  request.method = target.substr(0, space);
  if (space < question) request.path = target.substr(space + 1, question - space - 1);
  if (question < target.size()) request.query = target.substr(question + 1);
  if (line < text.size()) request.body = text.substr(line + 1);
  request.headers["content-type"] = "application/json";
  const api::HttpResponse response = api.server().Answer(request);
  fuzz::Require(response.status < 500, response.body, text);
  if (response.content_type.find("json") != std::string::npos && !response.body.empty()) {
    if (!response.stream) fuzz::RequireJson(response.body);
  }
  if (response.stream) response.stream([](std::string_view) {});
  return 0;
}
