#include "app/service/signals.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string_view>

namespace pgsluice::app {

namespace {

// Less than the ten seconds that the documentation promises.
constexpr unsigned kStopSeconds = 8;

sigset_t Watched() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) sigaddset(&set, number);
  return set;
}

std::atomic<bool> caught = false;

// Nothing is lost, because the events in flight are still in the outbox.
void OnAlarm(int) {
  constexpr std::string_view kText =
      "pgsluice: no answer in time; what was in flight stays in the outbox\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, kText.data(), kText.size());
  _exit(0);
}

}  // namespace

bool Signals::Caught() { return caught; }

Signals::Signals(std::function<void()> reload) : reload_(std::move(reload)) {
  const sigset_t set = Watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::jthread([this] { Run(); });
}

Signals::~Signals() {
  alarm(0);
  pthread_kill(thread_.native_handle(), SIGUSR1);  // ends the wait
}

void Signals::Run() {
  const sigset_t set = Watched();
  int number = 0;
  while (sigwait(&set, &number) == 0 && number != SIGUSR1) {
    if (number == SIGHUP) {
      reload_();
    } else if (source_.stop_requested()) {
      _exit(128 + number);
    } else {
      // The process ends in time, even if something hangs.
      std::signal(SIGALRM, OnAlarm);
      alarm(kStopSeconds);
      caught = true;
      source_.request_stop();
    }
  }
}

}  // namespace pgsluice::app
