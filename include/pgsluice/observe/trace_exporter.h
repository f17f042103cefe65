#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "pgsluice/base/backoff.h"
#include "pgsluice/base/mutex.h"
#include "pgsluice/observe/metrics.h"
#include "pgsluice/observe/trace.h"

namespace pgsluice::observe {

struct TraceOptions {
  /// Describes the process: "service.name" and others.
  std::vector<std::pair<std::string, std::string>> resource = {{"service.name", "pgsluice"}};
  double ratio = 1;  ///< Share of the traces beginning here that are exported.
  /// If a caller decided whether to sample, its decision counts instead.
  bool follows_caller = true;
  std::size_t queue = 2048;                 ///< Spans that may wait; further ones are dropped.
  std::size_t batch = 512;                  ///< Spans per request.
  std::chrono::milliseconds delay{5000};    ///< Until a smaller batch is sent.
  std::chrono::milliseconds timeout{3000};  ///< For one request.
};

/// Sends one OTLP/HTTP request in JSON. Throws Error; kRetry if it may be sent again.
using TraceSender = std::function<void(const std::string& body, std::chrono::milliseconds timeout)>;

/// Takes the spans of the process from its construction to its destruction, and sends them in
/// batches from its own thread, so that code that creates spans never waits. Must outlive every
/// span; only one may exist at a time. The destructor spends at most a second on the remaining
/// spans.
class TraceExporter {
 public:
  TraceExporter(TraceOptions options, TraceSender send, Registry& registry);
  ~TraceExporter();
  TraceExporter(const TraceExporter&) = delete;
  TraceExporter& operator=(const TraceExporter&) = delete;

  static TraceExporter* Running();
  bool Samples(const std::optional<TraceContext>& parent, const std::string& trace_id) const;
  /// Takes a span in OTLP's JSON.
  void Take(std::string span);

 private:
  using Spans = std::vector<std::string>;
  void Run(const std::stop_token& stop);
  void Flush(Spans spans);
  Spans Next();
  /// Returns false if the spans should be sent again.
  bool Deliver(const Spans& spans, std::chrono::milliseconds timeout);
  std::string Body(const Spans& spans) const;

  const TraceOptions options_;
  const TraceSender send_;
  Counter& exported_;
  Counter& dropped_;
  bool trouble_ = false;  ///< The last delivery failed.
  base::Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::string> waiting_ PGSLUICE_GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace pgsluice::observe
