#pragma once

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPResponse.h>

#include <chrono>
#include <istream>
#include <memory>
#include <string>

#include "http/address.h"

namespace pgsluice::http {

using Clock = std::chrono::steady_clock;

/// How far an exchange had come when it failed: decides whether it may be sent again.
enum class Stage {
  kConnecting,  ///< Nothing was sent.
  kWaiting,     ///< Sent, in part or whole; no header of an answer came.
  kReading,     ///< The answer had begun.
};

/// One keep-alive connection, used by one thread at a time.
class Connection {
 public:
  Connection(const Address& address, const Poco::Net::Context::Ptr& tls);

  /// One request, one answer. Throws Error(kRetry), or Error(kReject) for an answer beyond
  /// kMaxAnswer; after any exception the connection must be thrown away.
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

  static constexpr std::size_t kMaxAnswer = 256U * 1024U * 1024U;

 private:
  void Transmit(const Request& request, const std::string& authorization,
                Clock::time_point deadline);
  /// Past Poco's streams, which would cut it into writes of 4 KiB.
  void SendBody(std::string_view rest, Clock::time_point deadline);
  /// Until something comes. Throws Abandoned.
  void AwaitAnswer(const Request& request, Clock::time_point deadline);
  Response Receive(const Request& request, Clock::time_point deadline);
  /// A body of known size, past Poco's streams: they would read it in pieces of 4 KiB.
  void ReadSized(std::size_t size, std::string& body, Clock::time_point deadline);
  void ReadStream(std::istream& stream, const Poco::Net::HTTPResponse& head, std::string& body,
                  Clock::time_point deadline);
  [[noreturn]] void FailTooLarge() const;
  [[noreturn]] void FailBroken() const;
  int Socket() const;
  /// Something can be read now, be it the end.
  bool Readable() const;
  void LimitSocket(Clock::time_point deadline);

  const Address& address_;
  std::unique_ptr<Poco::Net::HTTPClientSession> session_;
  std::chrono::milliseconds socket_limit_{0};
  std::chrono::seconds idle_limit_{20};
  Clock::time_point last_used_;
  std::size_t exchanges_ = 0;
  bool reusable_ = false;
  bool timed_out_ = false;
  bool answered_early_ = false;  ///< And the rest of the request was not taken.
  Stage stage_ = Stage::kConnecting;
};

}  // namespace pgsluice::http
