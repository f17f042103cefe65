#include "pgsluice/observe/trace_exporter.h"

#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <utility>

#include "pgsluice/base/error.h"
#include "pgsluice/json/build.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::observe {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLastChance{1000};

std::atomic<TraceExporter*> running{nullptr};

}  // namespace

TraceExporter::TraceExporter(TraceOptions options, TraceSender send, Registry& registry)
    : options_(std::move(options)),
      send_(std::move(send)),
      exported_(registry.MakeCounter("pgsluice_trace_spans_exported_total",
                                     "Spans that the collector took.")),
      dropped_(registry.MakeCounter(
          "pgsluice_trace_spans_dropped_total",
          "Spans dropped: the queue was full, the collector refused them, or the process ended.")) {
  running = this;
  thread_ = std::jthread([this](const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "traces");
    Run(stop);
  });
}

TraceExporter::~TraceExporter() {
  running = nullptr;
  thread_.request_stop();
  thread_.join();
}

TraceExporter* TraceExporter::Running() { return running; }

bool TraceExporter::Samples(const std::optional<TraceContext>& parent,
                            const std::string& trace_id) const {
  if (parent && options_.follows_caller) return parent->sampled;
  // Based on the trace id, of which 56 bits are random, so that every process that sees the trace
  // decides the same.
  const auto random = std::strtoull(trace_id.c_str() + 18, nullptr, 16);
  return static_cast<double>(random) < options_.ratio * static_cast<double>(1ULL << 56U);
}

void TraceExporter::Take(std::string span) {
  {
    const base::MutexLock lock(mutex_);
    if (waiting_.size() < options_.queue) {
      waiting_.push_back(std::move(span));
      if (waiting_.size() < options_.batch) return;
    } else {
      dropped_.Add();
      return;
    }
  }
  changed_.notify_one();
}

void TraceExporter::Run(const std::stop_token& stop) {
  Backoff backoff(milliseconds(1000), milliseconds(30'000));
  Spans spans;
  while (!stop.stop_requested()) {
    const bool again = !spans.empty();
    {
      base::MutexLock lock(mutex_);
      changed_.wait_for(
          lock, stop, again ? backoff.Next() : options_.delay,
          [&]() PGSLUICE_REQUIRES(mutex_) { return !again && waiting_.size() >= options_.batch; });
    }
    if (!again) spans = Next();
    if (spans.empty() || !Deliver(spans, options_.timeout)) continue;
    spans.clear();
    backoff.Reset();
  }
  Flush(std::move(spans));
}

void TraceExporter::Flush(Spans spans) {
  const auto end = std::chrono::steady_clock::now() + kLastChance;
  if (spans.empty()) spans = Next();
  while (!spans.empty()) {
    const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
    if (left <= milliseconds(0) || !Deliver(spans, left)) break;
    spans = Next();
  }
  const base::MutexLock lock(mutex_);
  dropped_.Add(static_cast<double>(spans.size() + waiting_.size()));
}

TraceExporter::Spans TraceExporter::Next() {
  const base::MutexLock lock(mutex_);
  Spans spans;
  while (!waiting_.empty() && spans.size() < options_.batch) {
    spans.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return spans;
}

bool TraceExporter::Deliver(const Spans& spans, milliseconds timeout) {
  try {
    send_(Body(spans), timeout);
  } catch (const Error& error) {
    if (!std::exchange(trouble_, true)) Log(Level::kWarn, "traces", error.Full());
    if (error.disposition() == Disposition::kRetry) return false;
    dropped_.Add(static_cast<double>(spans.size()));
    return true;
  }
  if (std::exchange(trouble_, false))
    Log(Level::kInfo, "traces", "the collector accepts spans again");
  exported_.Add(static_cast<double>(spans.size()));
  return true;
}

std::string TraceExporter::Body(const Spans& spans) const {
  json::ArrayPtr attributes = json::Items();
  for (const auto& [key, value] : options_.resource) {
    attributes->add(
        json::Members({{"key", key}, {"value", json::Members({{"stringValue", value}})}}));
  }
  json::ArrayPtr list = json::Items();
  for (const std::string& span : spans) list->add(json::Raw(span));
  const json::ObjectPtr scope =
      json::Members({{"scope", json::Members({{"name", "pgsluice"}})}, {"spans", list}});
  const json::ObjectPtr resource =
      json::Members({{"resource", json::Members({{"attributes", attributes}})},
                     {"scopeSpans", json::Items({scope})}});
  return json::ToText(json::Members({{"resourceSpans", json::Items({resource})}}));
}

}  // namespace pgsluice::observe
