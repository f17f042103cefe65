#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include "pgsluice/base/mutex.h"
#include "pgsluice/pg/watchdog.h"

namespace pgsluice::pg {

/// A connection that the watchdog monitors while the object exists.
class Watched {
 public:
  /// `fd`: the connection's socket; `where`: the server, for messages.
  Watched(int fd, std::string conninfo, std::string where);
  ~Watched();
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  /// Sets how the server identifies the connection. Without it, a server that accepts connections
  /// counts as not working on the statement.
  void Identify(std::string pid, std::string started_at);

  /// A statement is running while the object exists.
  class Statement {
   public:
    explicit Statement(Watched* watched);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

   private:
    Watched* watched_;
  };

 private:
  friend class Watchdog;

  const int fd_;  ///< A duplicate, so that it stays valid if libpq closes its own.
  const std::string conninfo_, where_;
  std::string pid_, started_at_;           // Guarded by the watchdog's mutex.
  std::atomic<std::int64_t> since_ms_{0};  ///< When the statement was sent; 0: none is running.
  // Used only by the watchdog's thread, for the statement that was sent at `seen_ms_`:
  std::int64_t seen_ms_ = 0, next_look_ms_ = 0;
  int bad_looks_ = 0;
};

/// Finds half-open connections: a firewall or proxy forgot them, but still answers keepalives, so
/// libpq would wait forever. If no bytes arrive for a running statement for some seconds, the
/// watchdog asks the server about it on a new connection. If the server does not work on it, or
/// cannot be reached, the watchdog shuts the socket down and ends the backend, which may hold
/// locks.
class Watchdog {
 public:
  static Watchdog& Instance();

  void Add(Watched& watched);
  void Remove(Watched& watched);
  void Identify(Watched& watched, std::string pid, std::string started_at);
  std::string trouble();

 private:
  /// What the server reports about a backend.
  enum class Look { kWorks, kDoesNot, kUnreachable };
  struct Suspect {
    Watched* watched;  ///< Only compared, unless it is in `watched_` and the mutex is held.
    std::int64_t since_ms;
    std::string conninfo, where, pid, started_at;
  };

  void Run(const std::stop_token& stop);
  /// Finds the next statement to ask about. Returns false if there is none.
  bool Find(Suspect& suspect);
  static Look Ask(const Suspect& suspect, const std::stop_token& stop);
  void Judge(const Suspect& suspect, Look look, const std::stop_token& stop);
  static bool IsDue(const Watched& watched);
  /// Records a bad check; cuts the connection and returns true if it was not the first one.
  bool Blame(Watched& watched, Look look) PGSLUICE_REQUIRES(mutex_);

  base::Mutex mutex_;
  std::condition_variable_any changed_;
  std::set<Watched*> watched_ PGSLUICE_GUARDED_BY(mutex_);
  std::string trouble_ PGSLUICE_GUARDED_BY(mutex_);
  // The connection in trouble; only compared.
  Watched* troubled_ PGSLUICE_GUARDED_BY(mutex_) = nullptr;
  std::jthread thread_;
};

}  // namespace pgsluice::pg
