#include "pgsluice/api/admin_server.h"

#include "api/message.h"
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

HttpResponse Problem(const HttpRequest& request, int status, const std::string& code,
                     const std::string& detail) {
  return ProblemResponse(query::Problem(status, code, detail), request.id);
}

}  // namespace

Handler AdminHandler(AdminCallbacks callbacks) {
  return [callbacks = std::move(callbacks)](const HttpRequest& request) {
    if (request.refusal) {
      return Problem(request, request.refusal->status, request.refusal->code,
                     request.refusal->detail);
    }
    if (request.method != "GET" && request.method != "HEAD") {
      query::Problem problem(405, "method_not_allowed", "only GET is answered here");
      return ProblemResponse(problem.Allow("GET, HEAD"), request.id);
    }
    // Alive is who answers: a restart cures neither a database nor an engine that is away.
    if (request.path == "/healthz") return Json(200, R"({"status":"ok"})");
    if (request.path == "/readyz") return Ready(callbacks);
    if (request.path == "/metrics") {
      return Text(200, "text/plain; version=0.0.4; charset=utf-8", callbacks.metrics());
    }
    if (request.path == "/status") return Json(200, callbacks.status());
    return Problem(request, 404, "not_found", "there is no " + request.path);
  };
}

}  // namespace pgsluice::api
