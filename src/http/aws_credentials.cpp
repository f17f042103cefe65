#include "http/aws_credentials.h"

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/DateTimeParser.h>
#include <Poco/JSON/Parser.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "pgsluice/base/error.h"

namespace pgsluice::http {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// How long credentials without an expiry are used before they are read again.
constexpr minutes kLook{1};
constexpr minutes kBefore{5};  ///< How long before their expiry temporary credentials are renewed.

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string Trim(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string ReadFile(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  if (!in) {
    throw Error(Disposition::kRetry, fmt::format("cannot read AWS token file \"{}\"", name),
                "check AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  }
  return Trim({std::istreambuf_iterator<char>(in), {}});
}

/// Splits "http://host:port/path?query" into address and path.
std::pair<std::string, std::string> Split(const std::string& url) {
  const auto scheme = url.find("://");
  const auto slash = scheme == std::string::npos ? scheme : url.find('/', scheme + 3);
  if (slash == std::string::npos) return {url, "/"};
  return {url.substr(0, slash), url.substr(slash)};
}

Response Ask(const std::string& base, Request request, seconds limit) {
  request.timeout = limit;
  try {
    return MakeClient({.urls = {base}})->Send(request);
  } catch (const Error& error) {
    throw Error(Disposition::kRetry, fmt::format("no AWS credentials: {}", error.what()),
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the container or "
                "instance a role");
  }
}

void RequireOk(const Response& response, const std::string& what) {
  if (response.status == 200) return;
  throw Error(Disposition::kRetry,
              fmt::format("no AWS credentials: {} answers with status {}", what, response.status),
              "does this container or instance have a role?");
}

}  // namespace

AwsCredentials AwsCredentialSource::Current() {
  const base::MutexLock lock(mutex_);
  if (found_ && SystemClock::now() < found_->good_until) return found_->credentials;
  found_.reset();
  for (const auto look : {FromEnvironment, FromFile, FromContainer, FromInstance}) {
    found_ = look();
    if (found_) return found_->credentials;
  }
  throw Error(Disposition::kRetry, "there are no AWS credentials",
              "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_SHARED_CREDENTIALS_FILE, or "
              "give the container or instance a role");
}

void AwsCredentialSource::Forget() {
  const base::MutexLock lock(mutex_);
  found_.reset();
}

namespace {

/// Reads a response of the container's endpoint or the metadata service.
AwsCredentials FromAnswer(const std::string& body,
                          AwsCredentialSource::SystemClock::time_point& end,
                          const std::string& what) {
  try {
    const auto value = Poco::JSON::Parser().parse(body).extract<Poco::JSON::Object::Ptr>();
    const auto member = [&](const char* name) { return value->optValue<std::string>(name, ""); };
    AwsCredentials found{member("AccessKeyId"), member("SecretAccessKey"), member("Token")};
    if (found.access_key.empty() || found.secret_key.empty()) throw Error(Disposition::kRetry, "");
    const auto now = AwsCredentialSource::SystemClock::now();
    end = now + kLook;
    Poco::DateTime expires;
    int zone = 0;
    if (Poco::DateTimeParser::tryParse(Poco::DateTimeFormat::ISO8601_FORMAT, member("Expiration"),
                                       expires, zone)) {
      const auto stop =
          AwsCredentialSource::SystemClock::from_time_t(expires.timestamp().epochTime());
      end = std::max(now + seconds(10), stop - kBefore);
    }
    return found;
  } catch (const std::exception&) {  // It may contain secrets, so it is not quoted.
    throw Error(Disposition::kRetry,
                fmt::format("no AWS credentials: {} sent an unexpected answer", what));
  }
}

}  // namespace

std::optional<AwsCredentialSource::Found> AwsCredentialSource::FromEnvironment() {
  AwsCredentials found{Variable("AWS_ACCESS_KEY_ID"), Variable("AWS_SECRET_ACCESS_KEY"),
                       Variable("AWS_SESSION_TOKEN")};
  if (found.access_key.empty() || found.secret_key.empty()) return std::nullopt;
  return Found{found, SystemClock::now() + kLook};
}

std::optional<AwsCredentialSource::Found> AwsCredentialSource::FromFile() {
  std::string file = Variable("AWS_SHARED_CREDENTIALS_FILE");
  if (file.empty() && !Variable("HOME").empty()) file = Variable("HOME") + "/.aws/credentials";
  std::string profile = Variable("AWS_PROFILE");
  if (profile.empty()) profile = "default";
  std::ifstream in(file);
  std::map<std::string, std::string> values;
  bool ours = false;
  for (std::string line; std::getline(in, line);) {
    line = Trim(line);
    if (line.starts_with('[')) ours = line == "[" + profile + "]";
    const auto equals = line.find('=');
    if (!ours || line.starts_with('#') || equals == std::string::npos) continue;
    values[Trim(line.substr(0, equals))] = Trim(line.substr(equals + 1));
  }
  AwsCredentials found{values["aws_access_key_id"], values["aws_secret_access_key"],
                       values["aws_session_token"]};
  if (found.access_key.empty() || found.secret_key.empty()) return std::nullopt;
  return Found{found, SystemClock::now() + kLook};
}

std::optional<AwsCredentialSource::Found> AwsCredentialSource::FromContainer() {
  const std::string relative = Variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  std::string url = Variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative.empty()) url = "http://169.254.170.2" + relative;
  if (url.empty()) return std::nullopt;
  const auto [base, path] = Split(url);
  Request request{.path = path};
  const std::string token_file = Variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  const std::string token =
      token_file.empty() ? Variable("AWS_CONTAINER_AUTHORIZATION_TOKEN") : ReadFile(token_file);
  if (!token.empty()) request.headers.emplace_back("Authorization", token);
  const Response response = Ask(base, request, seconds(5));
  RequireOk(response, "the container's endpoint");
  Found found;
  found.credentials = FromAnswer(response.body, found.good_until, "the container's endpoint");
  return found;
}

std::optional<AwsCredentialSource::Found> AwsCredentialSource::FromInstance() {
  if (Variable("AWS_EC2_METADATA_DISABLED") == "true") return std::nullopt;
  std::string base = Variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (base.empty()) base = "http://169.254.169.254";
  while (base.ends_with('/')) base.pop_back();
  const std::string what = "the instance metadata service";
  const Response token = Ask(base,
                             {.method = "PUT",
                              .path = "/latest/api/token",
                              .headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "300"}}},
                             seconds(2));
  RequireOk(token, what);
  const Headers headers = {{"X-aws-ec2-metadata-token", token.body}};
  const std::string path = "/latest/meta-data/iam/security-credentials/";
  const Response role = Ask(base, {.path = path, .headers = headers}, seconds(5));
  RequireOk(role, what);
  const Response answer =
      Ask(base, {.path = path + Encode(Trim(role.body)), .headers = headers}, seconds(5));
  RequireOk(answer, what);
  Found found;
  found.credentials = FromAnswer(answer.body, found.good_until, what);
  return found;
}

Request AwsSigner::Signed(const Request& request, const Address& address) {
  const std::string host = HostHeader(address);
  const std::string path = AwsPath(address.prefix + request.path);
  Request copy = request;
  copy.path = path.substr(address.prefix.size());
  const auto now = AwsCredentialSource::SystemClock::to_time_t(std::chrono::system_clock::now());
  const std::string time =
      Poco::DateTimeFormatter::format(Poco::Timestamp::fromEpochTime(now), "%Y%m%dT%H%M%SZ");
  for (auto& header :
       AwsSign({request.method, host, path, request.body}, source_.Current(), scope_, time)) {
    copy.headers.push_back(std::move(header));
  }
  return copy;
}

}  // namespace pgsluice::http
