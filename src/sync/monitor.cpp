#include "pgsluice/sync/monitor.h"

#include <spdlog/fmt/fmt.h>

#include <chrono>

#include "pgsluice/observe/log.h"

namespace pgsluice::sync {

namespace {

using observe::Level;
using observe::Log;

constexpr std::int64_t kSayAgainMs = 60'000;
constexpr std::size_t kDifferentTexts = 50;

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

const std::vector<double> kSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                      0.25,  0.5,    1,     2.5,  5,     10,   30};

}  // namespace

observe::Labels Monitor::Labelled(const std::string& database, observe::Labels labels) {
  if (!database.empty()) labels.emplace(labels.begin(), "database", database);
  return labels;
}

Monitor::Monitor(observe::Registry& registry, std::string database)
    : claimed(registry.MakeCounter("pgsluice_events_claimed_total",
                                   "Outbox events claimed and acknowledged.",
                                   Labelled(database, {}))),
      bulk_seconds(registry.MakeHistogram("pgsluice_bulk_duration_seconds",
                                          "Duration of one _bulk request.", kSeconds,
                                          Labelled(database, {}))),
      end_to_end_seconds(registry.MakeHistogram(
          "pgsluice_end_to_end_seconds",
          "From the change in PostgreSQL to its acknowledged write, per event.", kSeconds,
          Labelled(database, {}))),
      pending(registry.MakeGauge("pgsluice_outbox_pending",
                                 "Events (changed keys) waiting in the outbox.",
                                 Labelled(database, {}))),
      lag_seconds(registry.MakeGauge("pgsluice_lag_seconds",
                                     "Age of the oldest event waiting in the outbox.",
                                     Labelled(database, {}))),
      registry_(registry),
      database_(std::move(database)) {
  for (const char* part : kParts) TroubleGauge(part).Set(0);
}

observe::Gauge& Monitor::TroubleGauge(const std::string& part) {
  return registry_.MakeGauge("pgsluice_trouble", "1 while a part does not work, else 0.",
                             Labelled({{"part", part}}));
}

void Monitor::Begin(const std::string& index) {
  Indexed(index);
  Deleted(index);
  BackfillRows(index);
  for (const char* reason : {"rejected", "retry"}) Errors(index, reason);
}

observe::Counter& Monitor::Indexed(const std::string& index) {
  return registry_.MakeCounter("pgsluice_documents_indexed_total",
                               "Documents written to the engine.",
                               Labelled({{"index", index}, {"op", "index"}}));
}

observe::Counter& Monitor::Deleted(const std::string& index) {
  return registry_.MakeCounter("pgsluice_documents_indexed_total",
                               "Documents written to the engine.",
                               Labelled({{"index", index}, {"op", "delete"}}));
}

observe::Counter& Monitor::Errors(const std::string& index, const std::string& reason) {
  return registry_.MakeCounter("pgsluice_index_errors_total",
                               "Documents that the engine did not take at once.",
                               Labelled({{"index", index}, {"reason", reason}}));
}

observe::Gauge& Monitor::DeadLetters(const std::string& index) {
  return registry_.MakeGauge("pgsluice_dead_letters", "Documents that the engine refuses.",
                             Labelled({{"index", index}}));
}

observe::Gauge& Monitor::Unsearchable(const std::string& index) {
  return registry_.MakeGauge(
      "pgsluice_unsearchable_documents",
      "Documents with values that no search finds: too long, out of range, or of another form.",
      Labelled({{"index", index}}));
}

observe::Counter& Monitor::BackfillRows(const std::string& index) {
  return registry_.MakeCounter("pgsluice_backfill_rows_total", "Rows read by backfills.",
                               Labelled({{"index", index}}));
}

observe::Gauge& Monitor::BackfillProgress(const std::string& index) {
  return registry_.MakeGauge("pgsluice_backfill_progress_ratio",
                             "Share of the running backfill that is done; 1 when none runs.",
                             Labelled({{"index", index}}));
}

observe::Gauge& Monitor::VerifyComplete(const std::string& index) {
  return registry_.MakeGauge("pgsluice_verify_complete_timestamp_seconds",
                             "When every document of the index had been compared, by the "
                             "comparison in the background; 0: not yet.",
                             Labelled({{"index", index}}));
}

observe::Counter& Monitor::VerifyDifferences(const std::string& index, const std::string& kind) {
  return registry_.MakeCounter("pgsluice_verify_differences_total",
                               "Documents that the comparison in the background found to differ.",
                               Labelled({{"index", index}, {"kind", kind}}));
}

observe::Gauge& Monitor::ReindexNeeded(const std::string& index) {
  return registry_.MakeGauge("pgsluice_reindex_needed",
                             "1 while an index cannot become what the configuration and the tables "
                             "want without a reindex, or a reindex was refused.",
                             Labelled({{"index", index}}));
}

void Monitor::ShowStates(const std::map<std::string, std::string>& states) {
  const auto show = [&](const std::string& index, const std::string& state, double value) {
    registry_
        .MakeGauge("pgsluice_index_state",
                   "1 for the state that an index is in, as `pgsluice status` names it.",
                   Labelled({{"index", index}, {"state", state}}))
        .Set(value);
  };
  const base::MutexLock lock(mutex_);
  for (const auto& [index, state] : states_) {
    const auto now = states.find(index);
    if (now == states.end() || now->second != state) show(index, state, 0);
  }
  for (const auto& [index, state] : states) show(index, state, 1);
  states_ = states;
}

void Monitor::Trouble(const std::string& part, const std::string& message, const void* by) {
  const observe::LogDatabase named(database_);
  const std::int64_t now = NowMs();
  TroubleGauge(part).Set(1);
  const base::MutexLock lock(mutex_);
  Incident& incident = incidents_[part];
  ++incident.count;
  incident.reporters.insert(by);
  if (incident.message.empty()) incident.since_ms = now;
  incident.message = message;
  // Several threads report the same trouble in turn, each with its own text.
  const auto [said, news] = incident.said_ms.emplace(message, now);
  if (!news && now - said->second < kSayAgainMs) return;
  if (incident.said_ms.size() > kDifferentTexts) incident.said_ms.erase(incident.said_ms.begin());
  incident.said_ms[message] = now;
  Log(Level::kError, part, message,
      {{"attempts", std::to_string(incident.count)},
       {"for_s", std::to_string((now - incident.since_ms) / 1000)}});
}

void Monitor::Recovered(const std::string& part, const void* by) {
  const base::MutexLock lock(mutex_);
  const auto incident = incidents_.find(part);
  if (incident == incidents_.end()) return;
  incident->second.reporters.erase(by);
  if (incident->second.reporters.empty()) End(part);
}

void Monitor::AllRecovered(const std::string& part) {
  const base::MutexLock lock(mutex_);
  if (incidents_.contains(part)) End(part);
}

void Monitor::End(const std::string& part) {
  const observe::LogDatabase named(database_);
  const auto incident = incidents_.find(part);
  TroubleGauge(part).Set(0);
  const std::int64_t lasted_ms = NowMs() - incident->second.since_ms;
  Log(Level::kInfo, part, "recovered",
      {{"after_s", fmt::format("{:.1f}", static_cast<double>(lasted_ms) / 1000)}});
  incidents_.erase(incident);
}

std::string Monitor::TroubleOf(const std::string& part) const {
  const base::MutexLock lock(mutex_);
  const auto incident = incidents_.find(part);
  return incident == incidents_.end() ? std::string() : incident->second.message;
}

void Monitor::Issued(std::int64_t version) {
  std::int64_t seen = highest_issued_;
  while (seen < version && !highest_issued_.compare_exchange_weak(seen, version)) {
  }
}

}  // namespace pgsluice::sync
