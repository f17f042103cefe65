#include "engine/answer.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>

#include "pgsluice/base/error.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/engine/refused.h"

namespace pgsluice::engine {

std::string ErrorReason(std::string_view body) {
  try {
    const json::Value answer = json::Parse(body);
    const json::Value* type = answer.Find({"error", "type"});
    const json::Value* reason = answer.Find({"error", "reason"});
    if (type != nullptr && reason != nullptr) return type->text + ": " + reason->text;
    const json::Value* message = answer.Find("message");  // Amazon's gateway.
    if (message != nullptr) return message->text;
  } catch (const Error&) {  // A proxy's page: its beginning says enough.
  }
  return std::string(body.substr(0, 300));
}

bool IsMissing(const http::Response& response) {
  if (response.status != 404) return false;
  try {
    return json::Parse(response.body).Find("status") != nullptr;
  } catch (const Error&) {
    return false;
  }
}

std::string BlockRemedy(std::string_view text) {
  if (text.find("read-only-allow-delete") != std::string_view::npos ||
      text.find("read_only_allow_delete") != std::string_view::npos) {
    return "free disk space on the engine's nodes: it sets this block when a disk is almost full, "
           "and removes it when there is space again";
  }
  return "remove the block from the index's settings (index.blocks); changes wait until then";
}

IndexBlocked::IndexBlocked(const std::string& message)
    : IndexRefused(message, BlockRemedy(message)) {}

namespace {

// A block on the whole cluster names no index.
bool IsIndexBlock(const std::string& text) {
  return text.find("cluster_block_exception: index [") != std::string::npos;
}

}  // namespace

void RequireAllowed(int status, const std::string& text) {
  if (status == 401) {
    throw CredentialsRefused(text, "check the engine's username, password or api_key");
  }
  if (status == 403 && text.find("token") != std::string::npos &&
      text.find("expired") != std::string::npos) {
    throw Error(Disposition::kRetry, text, "renew the AWS credentials, because they have expired");
  }
  if (status == 403 && text.find("signature") != std::string::npos) {
    throw CredentialsRefused(
        text, "check the AWS credentials, elasticsearch.aws.region and .service, and the clock");
  }
  if (status == 403) {
    throw Error(Disposition::kFatal, text,
                "give this user the privileges to create, write and search its indexes");
  }
}

void Require(const http::Response& response, const std::string& what) {
  const int status = response.status;
  if (status >= 200 && status < 300) return;
  const std::string text =
      fmt::format("{}: status {}: {}", what, status, ErrorReason(response.body));
  if (IsIndexBlock(text)) throw IndexBlocked(text);
  RequireAllowed(status, text);
  const bool passing = status == 408 || status == 429 || status >= 500;
  throw Error(passing ? Disposition::kRetry : Disposition::kReject, text);
}

void RequireTaken(const http::Response& response, const std::string& what) {
  const int status = response.status;
  const bool passing = status == 404 || status == 405 || status == 408 || status == 409 ||
                       status == 429 || status >= 500;
  const std::string text =
      fmt::format("{}: status {}: {}", what, status, ErrorReason(response.body));
  if (!passing || IsIndexBlock(text)) return Require(response, what);
  throw IndexRefused(text, RemedyOf(status, text));
}

json::Value ParseAnswer(const http::Response& response, const std::string& what) {
  try {
    return json::Parse(response.body);
  } catch (const Error& error) {
    throw Error(Disposition::kRetry,
                fmt::format("{}: the answer is not JSON: {}", what, error.what()),
                "is there a proxy between pgsluice and the engine?");
  }
}

std::string_view Header(const http::Response& response, std::string_view name) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  for (const auto& [key, value] : response.headers) {
    if (std::equal(key.begin(), key.end(), name.begin(), name.end(), same)) return value;
  }
  return {};
}

}  // namespace pgsluice::engine
