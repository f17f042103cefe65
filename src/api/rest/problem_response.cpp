#include <spdlog/fmt/fmt.h>

#include "api/http/message.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::api {

namespace {

std::string Title(std::string code) {
  for (char& c : code) c = c == '_' ? ' ' : c;
  if (!code.empty() && code[0] >= 'a' && code[0] <= 'z') code[0] = static_cast<char>(code[0] - 32);
  return code;
}

std::string MistakeJson(const query::Mistake& mistake) {
  std::string out =
      fmt::format(R"({{"parameter":{},"code":{},"detail":{})", json::Quote(mistake.parameter),
                  json::Quote(mistake.code), json::Quote(mistake.detail));
  if (mistake.offset) out += fmt::format(R"(,"offset":{})", *mistake.offset);
  if (!mistake.allowed.empty()) {
    out += R"(,"allowed":[)";
    for (std::size_t i = 0; i < mistake.allowed.size(); ++i) {
      out += (i > 0 ? "," : "") + json::Quote(mistake.allowed[i]);
    }
    out += ']';
  }
  return out + "}";
}

}  // namespace

Response ProblemResponse(const query::Problem& problem, const std::string& request_id) {
  Response response;
  response.status = problem.status();
  response.content_type = "application/problem+json";
  response.body = fmt::format(
      R"({{"type":"urn:pgsluice:{}","title":{},"status":{},"code":{},"detail":{},"instance":{},"errors":[)",
      problem.code(), json::Quote(Title(problem.code())), problem.status(),
      json::Quote(problem.code()), json::Quote(problem.what()),
      json::Quote("urn:request:" + request_id));
  for (std::size_t i = 0; i < problem.mistakes().size(); ++i) {
    response.body += (i > 0 ? "," : "") + MistakeJson(problem.mistakes()[i]);
  }
  response.body += "]}";
  if (problem.status() == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (!problem.allow().empty()) response.headers.emplace_back("Allow", problem.allow());
  if (problem.retry_after() > 0) {
    response.headers.emplace_back("Retry-After", std::to_string(problem.retry_after()));
  }
  return response;
}

}  // namespace pgsluice::api
