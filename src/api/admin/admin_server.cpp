#include "pgsluice/api/admin_server.h"

#include <charconv>

#include "api/admin/embedded_page.h"
#include "api/http/message.h"
#include "pgsluice/json/build.h"

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

HttpResponse Json(int status, const json::ObjectPtr& body) {
  return Json(status, json::ToText(body));
}

HttpResponse Ready(const AdminCallbacks& callbacks) {
  if (callbacks.ready()) return Json(200, json::Members({{"status", "ready"}}));
  return Json(503, json::Members({{"status", "not ready"}, {"reason", callbacks.reason()}}));
}

HttpResponse Problem(const HttpRequest& request, int status, const std::string& code,
                     const std::string& detail) {
  HttpResponse response = ProblemResponse(query::Problem(status, code, detail), request.id);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

/// Returns a file of the page, or nullopt.
std::optional<HttpResponse> Page(const std::string& path) {
  for (const PageFile& file : EmbeddedPage()) {
    if (file.path != path) continue;
    HttpResponse response = Text(200, std::string(file.content_type), std::string(file.bytes));
    response.headers.insert(
        response.headers.end(),
        {{"Content-Security-Policy",
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src "
          "data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
         {"Referrer-Policy", "no-referrer"},
         {"Cross-Origin-Opener-Policy", "same-origin"},
         {"Cross-Origin-Resource-Policy", "same-origin"}});
    return response;
  }
  return std::nullopt;
}

/// Requires a header that no form of another site can send. A browser sends JSON to another site
/// only after asking it (CORS preflight), and this server never agrees. A page whose name was made
/// to resolve to this machine is refused before, because of its Host.
HttpResponse Retry(const HttpRequest& request, const AdminCallbacks& callbacks) {
  if (request.Header("content-type") != "application/json") {
    return Problem(request, 415, "unsupported_media_type", "Content-Type must be application/json");
  }
  std::optional<std::int64_t> id;
  std::string database;
  if (!request.query.empty()) {
    const std::string& query = request.query;
    const char* end = query.data() + query.size();
    const std::size_t colon = query.rfind(':');
    const std::size_t begin = colon == std::string::npos ? 3 : colon + 1;
    id = 0;
    if (!query.starts_with("id=") || query.size() <= begin ||
        std::from_chars(query.data() + begin, end, *id).ptr != end) {
      return Problem(request, 400, "invalid_parameter",
                     "only id=NUMBER is known; with several databases id=DATABASE:NUMBER");
    }
    if (begin > 3) database = UrlDecode(query.substr(3, begin - 4), false).value_or("");
  }
  const std::string caller = callbacks.admit(request, true);
  const std::int64_t retried = callbacks.retry(database, id);
  callbacks.audit("dead_letters_retry", caller, request.peer, std::to_string(retried));
  return Json(200, json::Members({{"retried", retried}}));
}

HttpResponse Answer(const HttpRequest& request, const AdminCallbacks& callbacks) {
  if (request.refusal) {
    return Problem(request, request.refusal->status, request.refusal->code,
                   request.refusal->detail);
  }
  if (request.path.starts_with("/v1/") && callbacks.may_search()) return callbacks.search(request);
  if (request.path == "/dead-letters/retry" && request.method == "POST") {
    return Retry(request, callbacks);
  }
  if (request.method != "GET" && request.method != "HEAD") {
    query::Problem problem(405, "method_not_allowed", "only GET is allowed here");
    return ProblemResponse(problem.Allow("GET, HEAD"), request.id);
  }
  // It is alive if it answers. A restart would not help if the database or the engine is
  // unavailable.
  if (request.path == "/healthz") return Json(200, json::Members({{"status", "ok"}}));
  if (request.path == "/readyz") return Ready(callbacks);
  if (auto file = Page(request.path)) return *std::move(file);
  callbacks.admit(request, false);
  if (request.path == "/metrics") {
    return Text(200, "text/plain; version=0.0.4; charset=utf-8", callbacks.metrics());
  }
  if (request.path == "/status") return Json(200, callbacks.status());
  if (request.path == "/dead-letters") return Json(200, callbacks.dead_letters(request));
  return Problem(request, 404, "not_found", "there is no " + request.path);
}

}  // namespace

Handler AdminHandler(AdminCallbacks callbacks) {
  return [callbacks = std::move(callbacks)](const HttpRequest& request) {
    try {
      return Answer(request, callbacks);
    } catch (const query::Problem& problem) {
      return ProblemResponse(problem, request.id);
    }
  };
}

}  // namespace pgsluice::api
