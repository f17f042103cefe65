#include "pgsluice/sync/service.h"

#include <pthread.h>

#include <algorithm>

#include "pgsluice/observe/log.h"
#include "sync/backfill/backfiller.h"
#include "sync/live/sleeper.h"
#include "sync/live/timer.h"
#include "sync/live/worker.h"
#include "sync/verify/auditor.h"

namespace pgsluice::sync {

namespace {

/// Starts a thread with a name for `top -H` and debuggers (at most 15 characters). Its log lines
/// name the database.
template <typename Body>
std::jthread Thread(const char* name, const std::string& database, Body body) {
  return std::jthread([name, database, body](const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), name);
    const observe::LogDatabase named(database);
    body(stop);
  });
}

}  // namespace

Service::Service(const config::Config& config, engine::Engine& engine, Monitor& monitor,
                 bool writes)
    : config_(config),
      writes_(writes),
      work_(config.sync.workers),
      backfill_(config.sync.workers),
      fanouts_(std::max(1, config.sync.workers - 1)),
      scheduler_(engine),
      shared_{config,
              {.url = config.database.url},
              engine,
              registry_,
              monitor,
              work_,
              backfill_,
              times_,
              passes_,
              floor_,
              holds_,
              fanouts_,
              config.sync.bulk_bytes,
              [this](const std::string& alias, std::size_t changes) {
                if (config_.sync.adaptive_refresh) scheduler_.RequestRefresh(alias, changes);
              },
              [this] { return scheduler_.YieldToRefresh(); },
              [this] { watcher_.RequestCheck(); }},
      watcher_(config, shared_, writes) {}

Service::~Service() { Stop(); }

void Service::Start() {
  const std::string& database = config_.database.name;
  watcher_.Start();
  threads_.push_back(
      Thread("watcher", database, [this](const std::stop_token& s) { watcher_.Run(s); }));
  if (!writes_) return;
  threads_.push_back(
      Thread("refresh", database, [this](const std::stop_token& s) { scheduler_.Run(s); }));
  threads_.push_back(
      Thread("sleeper", database, [this](const std::stop_token& s) { RunSleeper(shared_, s); }));
  const auto any = [&](const auto& has) {
    return std::any_of(config_.indexes.begin(), config_.indexes.end(), has);
  };
  if (any([](const config::Index& index) { return !index.refresh_at.empty(); })) {
    threads_.push_back(
        Thread("timer", database, [this](const std::stop_token& s) { RunTimer(shared_, s); }));
  }
  if (config_.verify ||
      any([](const config::Index& index) { return index.refresh_every.count() > 0; })) {
    threads_.push_back(
        Thread("auditor", database, [this](const std::stop_token& s) { RunAuditor(shared_, s); }));
  }
  for (int i = 0; i < config_.sync.workers; ++i) {
    threads_.push_back(
        Thread("worker", database, [this](const std::stop_token& s) { RunWorker(shared_, s); }));
    threads_.push_back(Thread("backfiller", database,
                              [this](const std::stop_token& s) { RunBackfiller(shared_, s); }));
  }
}

void Service::Stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();  // joins
}

}  // namespace pgsluice::sync
