#include "api/home/home.h"

#include <string>
#include <string_view>

#include "api/home/home_files.h"

namespace pgsluice::api {

namespace {

HttpResponse File(const char* type, std::string_view text) {
  HttpResponse response;
  response.content_type = type;
  response.body = text;
  response.route = "/";
  response.headers = {
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
       "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Vary", "Accept"}};
  return response;
}

HttpResponse ForMachines() {
  HttpResponse response;
  response.body = R"({"name":"pgsluice","version":")" PGSLUICE_VERSION
                  R"(","openapi":"/openapi.json","indexes":"/v1/indexes"})";
  response.route = "/";
  response.headers = {{"Vary", "Accept"}};
  return response;
}

}  // namespace

std::optional<HttpResponse> Home(const HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  if (request.path == "/") {
    const bool person = request.Header("accept").find("text/html") != std::string::npos;
    return person ? File("text/html; charset=utf-8", kHomeHtml) : ForMachines();
  }
  if (request.path == "/reference.css") return File("text/css; charset=utf-8", kHomeCss);
  if (request.path == "/reference.js") return File("text/javascript; charset=utf-8", kHomeScript);
  return std::nullopt;
}

}  // namespace pgsluice::api
