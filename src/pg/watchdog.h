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

/// A connection that the watchdog looks after while it exists.
class Watched {
 public:
  /// `fd`: the connection's socket; `where`: the server, for messages.
  Watched(int fd, std::string conninfo, std::string where);
  ~Watched();
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  /// What the server knows the connection by. Until then, a server that can be connected to is
  /// taken for one that does not work on the statement.
  void Identify(std::string pid, std::string started_at);

  /// A statement is under way while it exists.
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

  const int fd_;  ///< A duplicate: it stays ours when libpq closes its own.
  const std::string conninfo_, where_;
  std::string pid_, started_at_;           // Guarded by the watchdog's mutex.
  std::atomic<std::int64_t> since_ms_{0};  ///< When the statement was sent; 0: none is under way.
  // Of the watchdog's thread, for the statement that was sent at `seen_ms_`:
  std::int64_t seen_ms_ = 0, next_look_ms_ = 0;
  int bad_looks_ = 0;
};

/// Finds connections that are half open: a firewall or proxy forgot them, and answers keep-alives
/// as if nothing were. libpq would wait for ever. A statement without any bytes from the server for
/// some seconds is asked about on a new connection; if the server does not work on it, or cannot be
/// reached, the socket is shut down, and the backend, which may hold locks, is ended.
class Watchdog {
 public:
  static Watchdog& Instance();

  void Add(Watched& watched);
  void Remove(Watched& watched);
  void Identify(Watched& watched, std::string pid, std::string started_at);
  std::string trouble();

 private:
  /// What the server says of a backend.
  enum class Look { kWorks, kDoesNot, kUnreachable };
  struct Suspect {
    Watched* watched;  ///< Compared only, unless it is in `watched_` and the mutex is held.
    std::int64_t since_ms;
    std::string conninfo, where, pid, started_at;
  };

  void Run(const std::stop_token& stop);
  /// The next statement to ask about, if there is one.
  bool Find(Suspect& suspect);
  static Look Ask(const Suspect& suspect, const std::stop_token& stop);
  void Judge(const Suspect& suspect, Look look, const std::stop_token& stop);
  static bool IsDue(const Watched& watched);
  /// Cuts the connection when the look was not the first bad one; true then.
  bool Blame(Watched& watched, Look look) PGSLUICE_REQUIRES(mutex_);

  base::Mutex mutex_;
  std::condition_variable_any changed_;
  std::set<Watched*> watched_ PGSLUICE_GUARDED_BY(mutex_);
  std::string trouble_ PGSLUICE_GUARDED_BY(mutex_);
  // Whose trouble it is; compared only.
  Watched* troubled_ PGSLUICE_GUARDED_BY(mutex_) = nullptr;
  std::jthread thread_;
};

}  // namespace pgsluice::pg
