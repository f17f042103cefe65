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
  int asked_by = -1;  ///< Socket of who waits for the answer; when that end is gone, Abandoned.
};

/// The caller has disconnected. The connection to the engine was closed, so that it stops working.
class Abandoned : public Error {
 public:
  Abandoned() : Error(Disposition::kReject, "the caller is gone") {}
};

/// An address took the request and gave no whole answer in time.
class TimedOut : public Error {
 public:
  explicit TimedOut(const Error& error) : Error(error) {}
};

/// Whether the other end of a connected socket has closed it, at least for sending. Does not read.
bool PeerGone(int socket);

struct Response {
  int status = 0;
  Headers headers = {};
  std::string body = {};
};

/// Sends one request and reads the whole answer. Thread-safe: calls from several threads use
/// connections of their own. The seam for tests. Throws Error(kRetry) when no whole answer came or
/// it was a redirect (TimedOut when the time was over), Error(kReject) when the answer is larger
/// than 256 MB, Abandoned.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual Response Send(const Request& request) = 0;
};

/// What AWS signatures are made for.
struct AwsScope {
  std::string region;   ///< "eu-west-1"
  std::string service;  ///< "es", or "aoss" for serverless.
};

struct ClientOptions {
  std::vector<std::string> urls = {};  ///< Tried in turn; one that fails is left alone for a while.
  std::string username = {}, password = {}, api_key = {}, bearer = {};
  std::string ca_file = {}, client_cert_file = {}, client_key_file = {};
  std::optional<AwsScope> aws = {};  ///< Sign requests; credentials from where the AWS SDKs look.
};

/// The real one: Poco sessions, kept alive and pooled per address. A request that fails on a reused
/// connection before any byte of the answer is sent once more on a fresh one (our writes are
/// idempotent through external versions). A failed address is left alone for 5 s unless there is no
/// other. Throws Error(kFatal) for a URL or certificate file that cannot be used. Ignores SIGPIPE.
std::unique_ptr<Transport> MakeClient(const ClientOptions& options);

/// Percent-encodes everything but unreserved characters (RFC 3986), for path segments and queries.
std::string Encode(std::string_view text);

}  // namespace pgsluice::http
