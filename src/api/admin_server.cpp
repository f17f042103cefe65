#include "pgsluice/api/admin_server.h"

#include <spdlog/fmt/fmt.h>

#include "pgsluice/json/writer.h"

namespace pgsluice::api {

namespace {

HttpResponse Text(int status, const std::string& type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.content_type = type;
  response.body = std::move(body);
  response.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
  return response;
}

HttpResponse Json(int status, std::string body) {
  return Text(status, "application/json", std::move(body));
}

HttpResponse Ready(const AdminCallbacks& callbacks) {
  if (callbacks.ready()) return Json(200, R"({"status":"ready"})");
  std::string body = R"({"status":"not ready","reason":)";
  json::AppendString(body, callbacks.reason());
  return Json(503, body + "}");
}

}  // namespace

Handler AdminHandler(AdminCallbacks callbacks) {
  return [callbacks = std::move(callbacks)](const HttpRequest& request) {
    if (request.method != "GET" && request.method != "HEAD") {
      HttpResponse refused =
          WriteProblem(405, "method_not_allowed", "only GET is answered here", request.id);
      refused.headers.emplace_back("Allow", "GET, HEAD");
      return refused;
    }
    // Alive is who answers: a restart cures neither a database nor an engine that is away.
    if (request.path == "/healthz") return Json(200, R"({"status":"ok"})");
    if (request.path == "/readyz") return Ready(callbacks);
    if (request.path == "/metrics") {
      return Text(200, "text/plain; version=0.0.4; charset=utf-8", callbacks.metrics());
    }
    if (request.path == "/status") return Json(200, callbacks.status());
    return WriteProblem(404, "not_found", "there is no " + request.path, request.id);
  };
}

HttpResponse WriteProblem(int status, const std::string& code, const std::string& detail,
                          const std::string& request_id) {
  std::string title = code;
  for (char& c : title) {
    if (c == '_') c = ' ';
  }
  HttpResponse response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = fmt::format(
      R"({{"type":"urn:pgsluice:error:{}","title":{},"status":{},"code":{},"detail":{},"instance":{}}})",
      code, json::Quote(title), status, json::Quote(code), json::Quote(detail),
      json::Quote("urn:request:" + request_id));
  return response;
}

}  // namespace pgsluice::api
