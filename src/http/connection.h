#pragma once

#include <Poco/Net/Context.h>

#include <chrono>
#include <string>

#include "http/address.h"
#include "http/answer_reader.h"
#include "http/session.h"

namespace pgsluice::http {

/// How far an exchange had come when it failed. This decides whether it may be repeated.
enum class Stage {
  kConnecting,  ///< Nothing was sent.
  kWaiting,     ///< Sent, partly or completely; no byte of a response arrived.
  kReading,     ///< The response had begun.
};

/// One keep-alive connection, used by one thread at a time.
class Connection {
 public:
  Connection(const Address& address, const Poco::Net::Context::Ptr& tls);

  /// Sends one request and returns the response. Throws Error(kRetry), or Error(kReject) for a
  /// response that is too large; after any exception the connection must be discarded.
  Response Exchange(const Request& request, const std::string& authorization,
                    Clock::time_point deadline);

  /// Returns whether a request was answered on this connection before.
  bool reused() const { return exchanges_ > 0; }
  /// Returns whether the last response was read completely and both sides keep the connection open.
  bool reusable() const { return reusable_; }
  /// Returns whether it was closed by the server while idle, has been idle for longer than servers
  /// allow, or is out of step.
  bool Stale(Clock::time_point now);
  /// Returns whether it has been idle for longer than servers allow.
  bool Expired(Clock::time_point now) const { return now - last_used_ > idle_limit_; }
  Stage stage() const { return stage_; }
  bool timed_out() const { return timed_out_; }

 private:
  void Transmit(const Request& request, const std::string& authorization);
  /// Sends a body that is too large to be sent with the head.
  void SendBody(std::string_view body);
  /// Waits until bytes arrive. Throws Abandoned.
  void AwaitAnswer(const Request& request, Clock::time_point deadline);
  Response Receive(const Request& request);

  const Address& address_;
  Session session_;
  AnswerReader reader_{session_};
  std::chrono::seconds idle_limit_{20};
  Clock::time_point last_used_;
  std::size_t exchanges_ = 0;
  bool reusable_ = false;
  bool timed_out_ = false;
  bool answered_early_ = false;  ///< The rest of the request was not accepted.
  Stage stage_ = Stage::kConnecting;
};

}  // namespace pgsluice::http
