#include "api/auth/jwt.h"

#include <algorithm>

#include "pgsluice/query/cursor.h"
#include "pgsluice/query/problem.h"

namespace pgsluice::api {

namespace {

using query::Problem;

constexpr double kLeeway = 30;

[[noreturn]] void Invalid(const char* why) {
  throw Problem(401, "invalid_credentials", std::string("the token is not valid: ") + why);
}

json::Value Part(std::string_view text) {
  std::string decoded;
  if (!DecodeBase64Url(text, decoded)) Invalid("it is not valid base64url");
  try {
    json::Value value = json::Parse(decoded);
    if (value.IsObject()) return value;
  } catch (const Error&) {
    Invalid("it is not JSON");
  }
  Invalid("it is not a JSON object");
}

bool Holds(const json::Value* value, const std::string& wanted) {
  if (value == nullptr) return false;
  if (value->IsString()) return value->text == wanted;
  return std::any_of(value->items.begin(), value->items.end(), [&wanted](const json::Value& item) {
    return item.IsString() && item.text == wanted;
  });
}

/// Returns a time of the token, or `otherwise` if it is absent.
double Time(const json::Value& claims, const char* name, double otherwise) {
  const json::Value* value = claims.Find(name);
  if (value == nullptr || value->IsNull()) return otherwise;
  const std::optional<double> time = value->AsDouble();
  if (!time) Invalid("its times are not numbers");
  return *time;
}

}  // namespace

TokenVerifier::TokenVerifier(config::Jwt jwt, const FetchText& fetch) : jwt_(std::move(jwt)) {
  if (!jwt_.jwks_file.empty()) keys_ = std::make_unique<KeySetFile>(jwt_.jwks_file);
  if (!jwt_.jwks_url.empty()) keys_ = std::make_unique<KeySetUrl>(jwt_.jwks_url, fetch);
}

json::Value TokenVerifier::Claims(const std::string& token, std::int64_t now) const {
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string::npos ? first : token.find('.', first + 1);
  if (second == std::string::npos || token.find('.', second + 1) != std::string::npos) {
    Invalid("it does not have three parts");
  }
  const std::string_view text(token);
  const json::Value header = Part(text.substr(0, first));
  const json::Value* algorithm = header.Find("alg");
  const json::Value* kid = header.Find("kid");
  const auto& allowed = jwt_.algorithms;
  if (algorithm == nullptr || !algorithm->IsString() ||
      std::find(allowed.begin(), allowed.end(), algorithm->text) == allowed.end()) {
    Invalid("its algorithm is not allowed");
  }
  if (header.Find("crit") != nullptr) Invalid("it asks for extensions");
  std::string signature;
  if (!DecodeBase64Url(text.substr(second + 1), signature) ||
      !Signed(algorithm->text, kid == nullptr ? "" : kid->text, text.substr(0, second),
              signature)) {
    Invalid("its signature is wrong");
  }
  json::Value claims = Part(text.substr(first + 1, second - first - 1));
  CheckClaims(claims, now);
  return claims;
}

bool TokenVerifier::Signed(const std::string& algorithm, const std::string& kid,
                           std::string_view text, std::string_view signature) const {
  const bool shared = algorithm.compare(0, 2, "HS") == 0;
  if (shared && !jwt_.secret.empty()) {
    return query::SameSecret(signature, Hmac(algorithm, jwt_.secret, text));
  }
  return keys_ != nullptr && keys_->Keys(kid)->Verifies(algorithm, kid, text, signature);
}

void TokenVerifier::CheckClaims(const json::Value& claims, std::int64_t now) const {
  const auto time = static_cast<double>(now);
  const json::Value* end = claims.Find("exp");
  if (jwt_.require_exp && (end == nullptr || end->IsNull())) Invalid("it has no 'exp'");
  if (Time(claims, "exp", time) + kLeeway < time) {
    throw Problem(401, "expired_credentials", "the token has expired");
  }
  if (Time(claims, "nbf", time) - kLeeway > time) Invalid("it is not valid yet");
  const json::Value* issuer = claims.Find("iss");
  if (!jwt_.issuer.empty() &&
      (issuer == nullptr || !issuer->IsString() || issuer->text != jwt_.issuer)) {
    Invalid("it is from another issuer");
  }
  if (!jwt_.audience.empty() && !Holds(claims.Find("aud"), jwt_.audience)) {
    Invalid("it is for another audience");
  }
}

}  // namespace pgsluice::api
