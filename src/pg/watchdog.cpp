#include "pg/watchdog.h"

#include <libpq-fe.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "pgsluice/observe/log.h"

namespace pgsluice::pg {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kFirstLookMs = 5'000;  ///< After a statement was sent.
/// After a check that found the server not working on it.
constexpr std::int64_t kLookAgainMs = 1'000;
/// Between checks of a statement that the server works on.
constexpr std::int64_t kLongestMs = 60'000;
constexpr int kBadLooks = 2;  ///< In a row, before the connection is cut.
constexpr std::chrono::seconds kBetweenRounds{1};
constexpr std::chrono::seconds kAnswerTime{4};  ///< For the new connection, and for its response.

// A backend that waits for its client has sent everything that it had.
constexpr const char* kIsAtWork = R"sql(
  SELECT EXISTS (
    SELECT FROM pg_catalog.pg_stat_activity
    WHERE pid = $1::int AND extract(epoch FROM backend_start) = $2::numeric AND state = 'active'
      AND wait_event_type IS DISTINCT FROM 'Client'))sql";
// Releases the locks of the backend. A role may end its own backends.
constexpr const char* kEnd = R"sql(
  SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
  WHERE pid = $1::int AND extract(epoch FROM backend_start) = $2::numeric)sql";

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch())
      .count();
}

/// Returns how long ago the last bytes arrived; 0 for a socket that is not TCP, which is never half
/// open.
std::int64_t SilentMs(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return info.tcpi_last_data_recv;
}

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

/// Returns false if the time is over, or the process ends.
bool Poll(PGconn* connection, short events, Clock::time_point deadline,
          const std::stop_token& stop) {
  constexpr int kSliceMs = 200;
  pollfd fd{PQsocket(connection), events, 0};
  while (Clock::now() < deadline && !stop.stop_requested()) {
    if (poll(&fd, 1, kSliceMs) > 0) return true;
  }
  return false;
}

bool Connect(PGconn* connection, const std::stop_token& stop) {
  const auto deadline = Clock::now() + kAnswerTime;
  if (connection == nullptr || PQstatus(connection) == CONNECTION_BAD) return false;
  for (PostgresPollingStatusType next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;
       next = PQconnectPoll(connection)) {
    if (next == PGRES_POLLING_FAILED) return false;
    if (!Poll(connection, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, stop)) {
      return false;
    }
  }
  return true;
}

/// Returns the first value of the result; "" if there is none in time.
std::string AskFor(PGconn* connection, const char* sql, const std::string& pid,
                   const std::string& started_at, const std::stop_token& stop) {
  const auto deadline = Clock::now() + kAnswerTime;
  const std::array<const char*, 2> values{pid.c_str(), started_at.c_str()};
  if (PQsendQueryParams(connection, sql, values.size(), nullptr, values.data(), nullptr, nullptr,
                        0) != 1) {
    return {};
  }
  std::string answer;
  while (true) {
    while (PQisBusy(connection) == 1) {
      if (!Poll(connection, POLLIN, deadline, stop) || PQconsumeInput(connection) != 1) return {};
    }
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQgetResult(connection), &PQclear);
    if (!result) return answer;
    if (PQresultStatus(result.get()) == PGRES_TUPLES_OK && PQntuples(result.get()) == 1) {
      answer = PQgetvalue(result.get(), 0, 0);
    }
  }
}

}  // namespace

std::string ConnectionTrouble() { return Watchdog::Instance().trouble(); }

Watched::Watched(int fd, std::string conninfo, std::string where)
    : fd_(dup(fd)), conninfo_(std::move(conninfo)), where_(std::move(where)) {
  Watchdog::Instance().Add(*this);
}

Watched::~Watched() {
  Watchdog::Instance().Remove(*this);
  if (fd_ >= 0) close(fd_);
}

void Watched::Identify(std::string pid, std::string started_at) {
  Watchdog::Instance().Identify(*this, std::move(pid), std::move(started_at));
}

Watched::Statement::Statement(Watched* watched) : watched_(watched) {
  if (watched_ != nullptr) watched_->since_ms_ = NowMs();
}

Watched::Statement::~Statement() {
  if (watched_ != nullptr) watched_->since_ms_ = 0;
}

Watchdog& Watchdog::Instance() {
  static Watchdog watchdog;
  return watchdog;
}

void Watchdog::Add(Watched& watched) {
  const base::MutexLock lock(mutex_);
  watched_.insert(&watched);
  if (thread_.joinable()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "pg watchdog");
    Run(stop);
  });
}

void Watchdog::Remove(Watched& watched) {
  const base::MutexLock lock(mutex_);
  watched_.erase(&watched);
  if (troubled_ == &watched) trouble_.clear();
}

void Watchdog::Identify(Watched& watched, std::string pid, std::string started_at) {
  const base::MutexLock lock(mutex_);
  watched.pid_ = std::move(pid);
  watched.started_at_ = std::move(started_at);
}

std::string Watchdog::trouble() {
  const base::MutexLock lock(mutex_);
  return trouble_;
}

void Watchdog::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Suspect suspect{};
    while (!stop.stop_requested() && Find(suspect)) Judge(suspect, Ask(suspect, stop), stop);
    base::MutexLock lock(mutex_);
    changed_.wait_for(lock, stop, kBetweenRounds, [] { return false; });
  }
}

bool Watchdog::Find(Suspect& suspect) {
  const base::MutexLock lock(mutex_);
  for (Watched* watched : watched_) {
    const std::int64_t since = watched->since_ms_;
    if (since != watched->seen_ms_) {
      watched->seen_ms_ = since;
      watched->next_look_ms_ = since + kFirstLookMs;
      watched->bad_looks_ = 0;
      if (troubled_ == watched) trouble_.clear();
    }
    if (!IsDue(*watched)) continue;
    suspect = {watched,         since,         watched->conninfo_,
               watched->where_, watched->pid_, watched->started_at_};
    return true;
  }
  return false;
}

Watchdog::Look Watchdog::Ask(const Suspect& suspect, const std::stop_token& stop) {
  const Connection connection(PQconnectStart(suspect.conninfo.c_str()), &PQfinish);
  if (!Connect(connection.get(), stop)) return Look::kUnreachable;
  if (suspect.pid.empty()) return Look::kDoesNot;
  const std::string answer =
      AskFor(connection.get(), kIsAtWork, suspect.pid, suspect.started_at, stop);
  if (answer.empty()) return Look::kUnreachable;
  return answer == "t" ? Look::kWorks : Look::kDoesNot;
}

void Watchdog::Judge(const Suspect& suspect, Look look, const std::stop_token& stop) {
  bool cut = false;
  {
    const base::MutexLock lock(mutex_);
    const bool same = watched_.contains(suspect.watched) &&
                      suspect.watched->since_ms_ == suspect.since_ms;  // not answered meanwhile
    if (same && look == Look::kWorks) {
      const std::int64_t now = NowMs();
      suspect.watched->bad_looks_ = 0;
      suspect.watched->next_look_ms_ = now + std::min(now - suspect.since_ms, kLongestMs);
      return;
    }
    cut = same && Blame(*suspect.watched, look);
    // A server that cannot be reached is not asked again for each of its connections.
    for (Watched* other : watched_) {
      if (look == Look::kUnreachable && other->where_ == suspect.where && IsDue(*other)) {
        Blame(*other, look);
      }
    }
  }
  if (!cut || look != Look::kDoesNot || suspect.pid.empty()) return;
  const Connection connection(PQconnectStart(suspect.conninfo.c_str()), &PQfinish);
  if (Connect(connection.get(), stop)) {
    AskFor(connection.get(), kEnd, suspect.pid, suspect.started_at, stop);
  }
}

bool Watchdog::IsDue(const Watched& watched) {
  const std::int64_t since = watched.since_ms_;
  return since != 0 && since == watched.seen_ms_ && NowMs() >= watched.next_look_ms_ &&
         SilentMs(watched.fd_) >= kFirstLookMs;
}

bool Watchdog::Blame(Watched& watched, Look look) {
  const std::int64_t now = NowMs();
  troubled_ = &watched;
  trouble_ =
      fmt::format("PostgreSQL at {} {}", watched.where_,
                  look == Look::kUnreachable
                      ? "does not answer"
                      : "is not working on the statement that we wait for: the connection is "
                        "half open");
  watched.next_look_ms_ = now + kLookAgainMs;
  if (++watched.bad_looks_ < kBadLooks) return false;
  shutdown(watched.fd_, SHUT_RDWR);
  watched.next_look_ms_ = now + kFirstLookMs;
  observe::Log(observe::Level::kWarn, "database", trouble_ + "; closing the connection",
               {{"backend", watched.pid_}});
  return true;
}

}  // namespace pgsluice::pg
