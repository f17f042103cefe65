#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "http/address.h"
#include "http/aws_signature.h"
#include "pgsluice/base/mutex.h"

namespace pgsluice::http {

/// Where AWS credentials come from, in the order of the AWS SDKs: AWS_ACCESS_KEY_ID and its
/// companions; the profile (AWS_PROFILE) of the shared credentials file; the endpoint of the
/// container (ECS, EKS Pod Identity); the instance metadata service (IMDSv2). Temporary ones are
/// fetched again five minutes before they end, files are read again with every look. Thread-safe.
class AwsCredentialSource {
 public:
  using SystemClock = std::chrono::system_clock;

  /// Throws Error(kRetry) with a hint when there are none, or an endpoint does not answer.
  AwsCredentials Current();
  /// The engine refused them: the next Current() looks anew.
  void Forget();

 private:
  struct Found {
    AwsCredentials credentials;
    SystemClock::time_point good_until;
  };
  static std::optional<Found> FromEnvironment();
  static std::optional<Found> FromFile();
  static std::optional<Found> FromContainer();
  static std::optional<Found> FromInstance();

  base::Mutex mutex_;
  std::optional<Found> found_ PGSLUICE_GUARDED_BY(mutex_);
};

/// Signs the requests of all addresses of a client. Thread-safe.
class AwsSigner {
 public:
  explicit AwsSigner(AwsScope scope) : scope_(std::move(scope)) {}
  /// The request with the headers that sign it, its path as it is signed.
  Request Signed(const Request& request, const Address& address);
  void Forget() { source_.Forget(); }

 private:
  const AwsScope scope_;
  AwsCredentialSource source_;
};

}  // namespace pgsluice::http
