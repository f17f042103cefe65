#pragma once

#include <Poco/Net/Context.h>

#include <chrono>
#include <string>

#include "http/address.h"
#include "http/answer_reader.h"
#include "http/wire.h"

namespace pgsluice::http {

/// How far an exchange had come when it failed: decides whether it may be sent again.
enum class Stage {
  kConnecting,  ///< Nothing was sent.
  kWaiting,     ///< Sent, in part or whole; no header of an answer came.
  kReading,     ///< The answer had begun.
};

/// One keep-alive connection, used by one thread at a time.
class Connection {
 public:
  Connection(const Address& address, Poco::Net::Context::Ptr tls);

  /// One request, one answer. Throws Error(kRetry), or Error(kReject) for an answer that
  /// is too large; after any exception the connection must be thrown away.
  Response Exchange(const Request& request, const std::string& authorization,
                    Clock::time_point deadline);

  /// Whether a request has been answered on this connection before.
  bool reused() const { return exchanges_ > 0; }
  /// Whether the last answer was read to its end and both sides keep the connection open.
  bool reusable() const { return reusable_; }
  /// Closed by the server while idle, idle for longer than servers allow, or out of step.
  bool Stale(Clock::time_point now);
  /// Idle for longer than servers allow.
  bool Expired(Clock::time_point now) const { return now - last_used_ > idle_limit_; }
  Stage stage() const { return stage_; }
  bool timed_out() const { return timed_out_; }

 private:
  void Transmit(const Request& request, const std::string& authorization);
  /// What is too large to be sent with the head.
  void SendBody(std::string_view body);
  /// Until something comes. Throws Abandoned.
  void AwaitAnswer(const Request& request, Clock::time_point deadline);
  Response Receive(const Request& request);

  const Address& address_;
  const Poco::Net::Context::Ptr tls_;
  Wire wire_;
  AnswerReader reader_{wire_};
  std::chrono::seconds idle_limit_{20};
  Clock::time_point last_used_;
  std::size_t exchanges_ = 0;
  bool reusable_ = false;
  bool timed_out_ = false;
  bool answered_early_ = false;  ///< And the rest of the request was not taken.
  Stage stage_ = Stage::kConnecting;
};

}  // namespace pgsluice::http
