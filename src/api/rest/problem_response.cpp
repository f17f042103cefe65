#include "api/http/message.h"
#include "pgsluice/json/build.h"

namespace pgsluice::api {

namespace {

std::string Title(std::string code) {
  for (char& c : code) c = c == '_' ? ' ' : c;
  if (!code.empty() && code[0] >= 'a' && code[0] <= 'z') code[0] = static_cast<char>(code[0] - 32);
  return code;
}

json::ObjectPtr Describe(const query::Mistake& mistake) {
  json::ObjectPtr out = json::Members(
      {{"parameter", mistake.parameter}, {"code", mistake.code}, {"detail", mistake.detail}});
  if (mistake.offset) out->set("offset", *mistake.offset);
  if (!mistake.allowed.empty()) out->set("allowed", json::Items(mistake.allowed));
  return out;
}

}  // namespace

Response ProblemResponse(const query::Problem& problem, const std::string& request_id) {
  Response response;
  response.status = problem.status();
  response.content_type = "application/problem+json";
  json::ArrayPtr errors = json::Items();
  for (const query::Mistake& mistake : problem.mistakes()) errors->add(Describe(mistake));
  response.body = json::ToText(json::Members({{"type", "urn:pgsluice:" + problem.code()},
                                              {"title", Title(problem.code())},
                                              {"status", problem.status()},
                                              {"code", problem.code()},
                                              {"detail", problem.what()},
                                              {"instance", "urn:request:" + request_id},
                                              {"errors", errors}}));
  if (problem.status() == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (!problem.allow().empty()) response.headers.emplace_back("Allow", problem.allow());
  if (problem.retry_after() > 0) {
    response.headers.emplace_back("Retry-After", std::to_string(problem.retry_after()));
  }
  return response;
}

}  // namespace pgsluice::api
