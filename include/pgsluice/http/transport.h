#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgsluice/base/error.h"

namespace pgsluice::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = "GET";
  std::string path;            ///< With query, already percent-encoded: "/projects/_search?…".
  std::string_view body = {};  ///< Must outlive the call.
  std::string content_type = "application/json";
  Headers headers = {};
  std::chrono::milliseconds timeout{30000};  ///< For the whole exchange.
  int asked_by = -1;  ///< Socket of the caller that waits for the response; if it disconnects,
                      ///< Send() throws Abandoned.
};

/// The caller has disconnected. The connection to the engine was closed, so that the engine stops
/// working on the request.
class Abandoned : public Error {
 public:
  Abandoned() : Error(Disposition::kReject, "the caller has disconnected") {}
};

/// An address accepted the request, but did not respond completely in time.
class TimedOut : public Error {
 public:
  explicit TimedOut(const Error& error) : Error(error) {}
};

/// Returns whether the other end of a connected socket has closed it, at least for sending. Does
/// not read.
bool PeerGone(int socket);

struct Response {
  int status = 0;
  Headers headers = {};
  std::string body = {};
};

/// Sends one request and reads the whole response. Thread-safe: each thread uses connections of its
/// own. Tests replace it. Throws Error(kRetry) if no complete response arrived or it was a redirect
/// (TimedOut at the deadline), Error(kReject) if the response is larger than 256 MB, and Abandoned.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual Response Send(const Request& request) = 0;
};

/// The scope of AWS signatures.
struct AwsScope {
  std::string region;   ///< "eu-west-1"
  std::string service;  ///< "es", or "aoss" for serverless.
};

struct ClientOptions {
  std::vector<std::string> urls = {};  ///< Tried in turn; one that fails is avoided for a while.
  std::string username = {}, password = {}, api_key = {}, bearer = {};
  std::string ca_file = {}, client_cert_file = {}, client_key_file = {};
  /// Sign requests; the credentials are found as in the AWS SDKs.
  std::optional<AwsScope> aws = {};
};

/// Creates the real transport: connections that are kept alive and pooled per address. A request
/// that fails on a reused connection before the first byte of the response is sent once more on a
/// new one; this is safe because external versions make our writes idempotent. A failed address is
/// avoided for 5 s unless there is no other. Throws Error(kFatal) for a URL or certificate file
/// that cannot be used. Ignores SIGPIPE.
std::unique_ptr<Transport> MakeClient(const ClientOptions& options);

/// Percent-encodes everything except unreserved characters (RFC 3986), for path segments and
/// queries.
std::string Encode(std::string_view text);

}  // namespace pgsluice::http
