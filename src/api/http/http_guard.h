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

/// Stands in front of Poco's HTTP server and hands it a connection only when a whole, checked
/// request has arrived. Until then, and while an answer waits for a slow reader, connections hold
/// no thread: a PollSet watches them all, run by the one thread that calls Wait(). Return() and
/// ReadOn() are for the threads that answer; everything else is for that one thread.
class HttpGuard {
 public:
  using Clock = HttpConnection::Clock;
  using Connection = std::shared_ptr<HttpConnection>;
  /// A connection and its request.
  struct Ready {
    Connection connection;
    HttpRequest request;
  };

  /// `queued`: how many requests wait for a thread.
  HttpGuard(const HttpLimits& limits, std::function<int()> queued);

  /// Throws Poco::Exception when the address cannot be bound.
  void Listen(const Poco::Net::SocketAddress& address, std::unique_ptr<TlsFiles> tls);
  Poco::Net::SocketAddress address() const { return listening_.address(); }

  /// Runs the connections until a request is ready, for `timeout` at most. Returns whether one is.
  bool Wait(std::chrono::milliseconds timeout);
  /// The request that has been ready for longest. Wait() returned true.
  Ready Next();

  /// Reads the next request of a connection whose last answer was sent, if it comes at once and no
  /// other request waits for a thread. Returns false if the connection is to be returned.
  bool ReadOn(HttpConnection& connection, HttpRequest& request);
  /// Takes a connection back, with what is still to be sent. `keep`: further requests may come.
  void Return(const Connection& connection, bool keep);
  /// Closes a connection, whatever of an answer was not sent.
  void Drop(const Connection& connection);

  /// From now on each connection ends with its present request.
  void Drain() { draining_ = true; }
  bool draining() const { return draining_; }
  /// Serves no further request. Runs the connections until none is left or `deadline` has come;
  /// then cuts those that are. Nobody calls Wait() any more.
  void Close(Clock::time_point deadline);

 private:
  using Need = Channel::Need;
  using Phase = HttpConnection::Phase;

  void Turn(std::chrono::milliseconds timeout);
  void Accept();
  /// While there is no file descriptor for another connection.
  void StopAccepting();
  /// A connection has ended, or some time has passed.
  void AcceptAgain() PGSLUICE_REQUIRES(mutex_);
  void Admit(int socket, const Poco::Net::SocketAddress& peer);
  void Process(const Connection& connection);
  void Read(const Connection& connection);
  void TakeRequest(const Connection& connection);
  /// Sends on, or ends what was sent whole.
  void Send(const Connection& connection);
  /// Leaves what is unsent to the guard's thread.
  void HandOver(const Connection& connection);
  /// The answer was sent: waits for the next request, or closes.
  void Rest(const Connection& connection);
  void Linger(const Connection& connection);
  void Watch(const Connection& connection, Phase phase, Need need, Clock::time_point deadline);
  void CheckDeadlines();
  void Expire(const Connection& connection);
  /// Charges the connection for what is unsent; false if there is no room for it. `force`: makes
  /// room by cutting the slowest readers, even those that read a moment ago.
  bool Charge(HttpConnection& connection, bool force);
  bool CutSlowest(bool force) PGSLUICE_REQUIRES(mutex_);
  /// Counts what an unfinished request holds; false if all of them hold too much.
  bool CountRequest(HttpConnection& connection);
  bool CloseAnIdleOne();
  /// Counts what was cut or refused, and logs it now and then. `reason` is the metric's label.
  void Warn(const char* reason, const char* what, const std::string& hint);
  /// Waits until a thread returns or drops a connection.
  void AwaitReturn(Clock::time_point deadline);
  bool WatchesAny() const PGSLUICE_REQUIRES(mutex_);
  /// The request that was read, with what the guard knows about it.
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
  std::condition_variable_any changed_;  // Of connections_ or what is watched.
  bool accepting_ PGSLUICE_GUARDED_BY(mutex_) = false;
  std::unordered_map<int, Connection> connections_ PGSLUICE_GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::size_t> of_address_ PGSLUICE_GUARDED_BY(mutex_);
  // Bytes of unsent answers that no thread sends.
  std::size_t charged_ PGSLUICE_GUARDED_BY(mutex_) = 0;
};

}  // namespace pgsluice::api
