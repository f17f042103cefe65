#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "http/aws_credentials.h"
#include "http/connection.h"
#include "pgsluice/base/error.h"
#include "pgsluice/base/mutex.h"

namespace pgsluice::http {

/// One address with its idle connections. Thread-safe.
class Endpoint {
 public:
  /// With a signer, every request is signed and `authorization` is ignored.
  Endpoint(Address address, std::string authorization, Poco::Net::Context::Ptr tls,
           std::shared_ptr<AwsSigner> signer);

  /// Sends on an idle connection or a new one. A request that fails on a used connection before its
  /// response began is sent once more on a new one.
  Response Send(const Request& request, Clock::time_point deadline);

  /// Returns whether the last failure is recent enough to try other addresses first.
  bool Resting(Clock::time_point now) const;
  const Address& address() const { return address_; }

 private:
  Response Transfer(const Request& request, Clock::time_point deadline);
  Response SendOn(std::unique_ptr<Connection> connection, const Request& request,
                  Clock::time_point deadline);
  std::unique_ptr<Connection> TakeIdle();
  void PutBack(std::unique_ptr<Connection> connection);

  const Address address_;
  const std::string authorization_;
  const Poco::Net::Context::Ptr tls_;
  const std::shared_ptr<AwsSigner> signer_;
  std::atomic<Clock::rep> rest_until_{0};
  base::Mutex mutex_;
  // The most recently used one is last.
  std::vector<std::unique_ptr<Connection>> idle_ PGSLUICE_GUARDED_BY(mutex_);
};

/// A failure of one address, with what the client needs to decide what to do next.
class SendError : public Error {
 public:
  SendError(const Error& error, Stage stage, bool timed_out)
      : Error(error), stage_(stage), timed_out_(timed_out) {}
  Stage stage() const { return stage_; }
  bool timed_out() const { return timed_out_; }

 private:
  Stage stage_;
  bool timed_out_;
};

}  // namespace pgsluice::http
