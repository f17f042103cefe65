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

/// Finds AWS credentials in the order of the AWS SDKs: AWS_ACCESS_KEY_ID and its companions; the
/// profile (AWS_PROFILE) of the shared credentials file; the endpoint of the container (ECS, EKS
/// Pod Identity); the instance metadata service (IMDSv2). Temporary credentials are renewed five
/// minutes before they expire; files are read again each time. Thread-safe.
class AwsCredentialSource {
 public:
  using SystemClock = std::chrono::system_clock;

  /// Throws Error(kRetry) with a hint if there are none, or if an endpoint does not respond.
  AwsCredentials Current();
  /// Discards credentials that the engine refused, so that the next Current() looks again.
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
  /// Returns the request with the headers that sign it, and its path in the signed form.
  Request Signed(const Request& request, const Address& address);
  void Forget() { source_.Forget(); }

 private:
  const AwsScope scope_;
  AwsCredentialSource source_;
};

}  // namespace pgsluice::http
