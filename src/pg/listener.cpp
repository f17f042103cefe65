#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "pg/session_impl.h"
#include "pgsluice/base/error.h"
#include "pgsluice/pg/session.h"

namespace pgsluice::pg {

namespace {

/// Only counts notifications. libpqxx swallows or keeps what a receiver throws, depending on its
/// version.
class Counter : public compat::NotificationReceiver {
 public:
  using compat::NotificationReceiver::NotificationReceiver;
  void operator()(const std::string&, int) override { ++count_; }
  /// Returns the number of notifications since the last call.
  int Take() { return std::exchange(count_, 0); }

 private:
  int count_ = 0;
};

}  // namespace

struct Listener::Impl {
  explicit Impl(const SessionOptions& options) : session(options), wake(eventfd(0, EFD_CLOEXEC)) {
    if (wake < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~Impl() { close(wake); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Handles what libpq has read. A notification may have come with the result of a statement.
  void Drain(Session::Impl& session_impl) {
    session_impl.Guard([&] {
      session_impl.transaction.reset();
      session_impl.connection->get_notifs();
      return pqxx::result();
    });
  }

  Session session;
  std::unique_ptr<Counter> counter;
  int wake;
};

Listener::Listener(const SessionOptions& options, const std::string& channel)
    : impl_(std::make_unique<Impl>(options)) {
  Session::Impl& session = *impl_->session.impl_;
  session.Guard([&] {
    session.transaction.reset();
    impl_->counter = std::make_unique<Counter>(*session.connection, channel);
    return pqxx::result();
  });
}

Listener::~Listener() = default;

Session& Listener::session() { return impl_->session; }

void Listener::Interrupt() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(impl_->wake, &one, sizeof one);
}

bool Listener::Wait(int timeout_ms) {
  Session::Impl& session = *impl_->session.impl_;
  impl_->Drain(session);
  if (impl_->counter->Take() > 0) return true;
  std::array<pollfd, 2> fds = {pollfd{session.connection->sock(), POLLIN, 0},
                               pollfd{impl_->wake, POLLIN, 0}};
  const int ready = poll(fds.data(), fds.size(), timeout_ms);
  if (ready < 0 && errno != EINTR) {
    throw std::system_error(errno, std::generic_category(), "poll");
  }
  if (fds[1].revents != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = read(impl_->wake, &count, sizeof count);
  }
  if (fds[0].revents == 0) return false;
  impl_->Drain(session);
  if (impl_->counter->Take() > 0) return true;
  // Readable, but without a notification: the server may have closed the connection. Only a
  // statement finds that out with every version of libpqxx.
  impl_->session.Exec("SELECT 1");
  return impl_->counter->Take() > 0;
}

}  // namespace pgsluice::pg
