#pragma once

#include <Poco/Net/PollSet.h>
#include <Poco/Net/ServerSocket.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/http/http_connection.h"
#include "api/http/tls_files.h"
#include "pgsluice/api/http_server.h"
#include "pgsluice/base/mutex.h"

namespace pgsluice::api {

/// Stands in front of Poco's HTTP server and passes a connection on only when a complete, checked
/// request has arrived. Until then, and while a response waits for a slow reader, a connection
/// occupies no thread: a PollSet watches all of them, run by the one thread that calls Wait().
/// Return(), Drop() and ReadOn() may be called by the threads that answer requests; all other
/// functions belong to that one thread.
class HttpGuard {
 public:
  using Clock = HttpConnection::Clock;
  using Connection = std::shared_ptr<HttpConnection>;
  /// A connection and its request.
  struct Ready {
    Connection connection;
    HttpRequest request;
  };

  /// `queued`: returns how many requests wait for a thread.
  HttpGuard(const HttpLimits& limits, std::function<int()> queued);

  /// Throws Poco::Exception if the address cannot be bound.
  void Listen(const Poco::Net::SocketAddress& address, std::unique_ptr<TlsFiles> tls);
  Poco::Net::SocketAddress address() const { return listening_.address(); }

  /// Runs the connections until a request is ready, for at most `timeout`. Returns whether one is.
  bool Wait(std::chrono::milliseconds timeout);
  /// Returns the request that has been ready for longest. Call it after Wait() returned true.
  Ready Next();

  /// Reads the next request of a connection whose last response was sent, if it arrives at once and
  /// no other request waits for a thread. Returns false if the connection has to be returned.
  bool ReadOn(HttpConnection& connection, HttpRequest& request);
  /// Takes a connection back, with the unsent part of the response. `keep`: further requests may
  /// follow.
  void Return(const Connection& connection, bool keep);
  /// Closes a connection, even if a part of the response was not sent.
  void Drop(const Connection& connection);

  /// Lets each connection end with its present request from now on.
  void Drain() { draining_ = true; }
  bool draining() const { return draining_; }
  /// Accepts no further requests. Runs the connections until all have ended or `deadline` is
  /// reached, then cuts the remaining ones. Wait() may not be called after this.
  void Close(Clock::time_point deadline);

 private:
  using Need = Channel::Need;
  using Phase = HttpConnection::Phase;

  void Turn(std::chrono::milliseconds timeout);
  void Accept();
  /// Pauses accepting while there is no file descriptor for another connection.
  void StopAccepting();
  /// Resumes accepting: a connection has ended, or some time has passed.
  void AcceptAgain() PGSLUICE_REQUIRES(mutex_);
  void Admit(int socket, const Poco::Net::SocketAddress& peer);
  void Process(const Connection& connection);
  void Read(const Connection& connection);
  void TakeRequest(const Connection& connection);
  /// Continues to send, or finishes a response that was sent completely.
  void Send(const Connection& connection);
  /// Leaves the unsent part to the guard's thread.
  void HandOver(const Connection& connection);
  /// Called when the response was sent: waits for the next request, or closes.
  void Rest(const Connection& connection);
  void Linger(const Connection& connection);
  void Watch(const Connection& connection, Phase phase, Need need, Clock::time_point deadline);
  void CheckDeadlines();
  void Expire(const Connection& connection);
  /// Charges the connection for its unsent bytes. Returns false if there is no room for them.
  /// `force`: makes room by cutting the slowest readers, even those that read a moment ago.
  bool Charge(HttpConnection& connection, bool force);
  bool CutSlowest(bool force) PGSLUICE_REQUIRES(mutex_);
  /// Counts the memory of an unfinished request. Returns false if all of them hold too much.
  bool CountRequest(HttpConnection& connection);
  bool CloseAnIdleOne();
  /// Counts what was cut or refused, and logs it once in a while. `reason` is the metric's label.
  void Warn(const char* reason, const char* what, const std::string& hint);
  /// Waits until a thread returns or drops a connection.
  void AwaitReturn(Clock::time_point deadline);
  bool WatchesAny() const PGSLUICE_REQUIRES(mutex_);
  /// Returns the request that was read, with what the guard knows about it.
  HttpRequest Taken(HttpConnection& connection) const;
  std::size_t open();

  const HttpLimits& limits_;
  const std::function<int()> queued_;
  const std::size_t most_;  // Connections.
  const std::size_t most_per_address_;
  std::unique_ptr<TlsFiles> tls_;
  Poco::Net::ServerSocket listening_;
  Poco::Net::PollSet polled_;
  std::deque<Ready> ready_;
  Clock::time_point next_look_{};
  std::atomic<Clock::rep> next_warning_{0};
  std::atomic<bool> draining_{false}, closing_{false};
  std::atomic<std::size_t> requested_{0};  // Bytes of unfinished requests.

  base::Mutex mutex_;
  std::condition_variable_any changed_;  // connections_, or the set of watched ones.
  bool accepting_ PGSLUICE_GUARDED_BY(mutex_) = false;
  std::unordered_map<int, Connection> connections_ PGSLUICE_GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::size_t> of_address_ PGSLUICE_GUARDED_BY(mutex_);
  // Bytes of unsent responses that no thread is sending.
  std::size_t charged_ PGSLUICE_GUARDED_BY(mutex_) = 0;
};

}  // namespace pgsluice::api
