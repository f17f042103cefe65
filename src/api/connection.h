#pragma once

#include <Poco/Net/TCPServerConnection.h>
#include <Poco/Net/TCPServerConnectionFactory.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>

#include "pgsluice/api/http_server.h"

namespace pgsluice::api {

/// The open connections of a server. Thread-safe.
class ConnectionSet {
 public:
  void Add(Poco::Net::StreamSocket* socket);
  void Remove(Poco::Net::StreamSocket* socket);
  /// From now on each connection ends with its present request.
  void Drain() { draining_ = true; }
  bool draining() const { return draining_; }
  /// Waits until none is left; then cuts those that are.
  void Close(std::chrono::steady_clock::time_point deadline);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Poco::Net::StreamSocket*> sockets_;  // Guarded by mutex_.
  std::atomic<bool> draining_{false};
};

/// What all connections of a server share; outlives them.
struct ConnectionContext {
  HttpLimits limits;
  Handler handler;
  ConnectionSet open;
  std::function<int()> queued;  ///< How many others wait for a thread.
};

/// One connection: its requests, one after another.
class Connection : public Poco::Net::TCPServerConnection {
 public:
  Connection(const Poco::Net::StreamSocket& socket, ConnectionContext& context)
      : TCPServerConnection(socket), context_(context) {}
  void run() override;

 private:
  ConnectionContext& context_;
};

class ConnectionFactory : public Poco::Net::TCPServerConnectionFactory {
 public:
  explicit ConnectionFactory(ConnectionContext& context) : context_(context) {}
  Poco::Net::TCPServerConnection* createConnection(const Poco::Net::StreamSocket& socket) override {
    return new Connection(socket, context_);  // Poco owns it
  }

 private:
  ConnectionContext& context_;
};

}  // namespace pgsluice::api
