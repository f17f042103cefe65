#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// Traces: spans of requests and of batches, sent to a collector by TraceExporter. While none runs
/// in the process a span costs next to nothing.
namespace pgsluice::observe {

class TraceExporter;

/// Where a span belongs: W3C Trace Context.
struct TraceContext {
  std::string trace_id;  ///< 32 hexadecimal digits.
  std::string span_id;   ///< 16 of them.
  bool sampled = false;  ///< Whether it is sent to the collector.
};

/// From the value of a traceparent header; nothing when that is not well-formed.
std::optional<TraceContext> ReadTraceparent(std::string_view header);

enum class SpanKind { kInternal = 1, kServer = 2, kClient = 3, kConsumer = 5 };

/// A piece of work of one thread, from construction to destruction; it failed when an exception
/// ends it. Spans nest.
class Span {
 public:
  /// A part of the thread's innermost span, or the root of a new trace.
  Span(SpanKind kind, std::string_view name);
  /// A part of what `traceparent` names, or the root of a new trace when that names nothing.
  Span(SpanKind kind, std::string_view name, const std::string& traceparent);
  ~Span();
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

  /// Of this thread; null when there is none.
  static Span* Innermost();

  void Rename(std::string name) { name_ = std::move(name); }
  /// Long texts are cut.
  void Set(std::string_view key, std::string_view text);
  void Set(std::string_view key, std::int64_t number);
  void Fail() { failed_ = true; }
  /// It began before it was known to be worth a span.
  void Since(std::chrono::steady_clock::time_point start) { start_ = start; }

  /// The header for what this span asks of others: itself, or while nothing is exported what came
  /// in. Empty when there is neither.
  std::string traceparent() const;
  /// Empty unless the span is sent to the collector.
  std::string_view trace_id() const;

 private:
  void Begin(SpanKind kind, const std::optional<TraceContext>& parent);
  std::string ToJson() const;

  TraceExporter* exporter_;
  Span* const outer_;  ///< The thread's innermost span before this one.
  const int exceptions_;
  std::string name_, passed_on_;
  SpanKind kind_ = SpanKind::kInternal;
  TraceContext context_;
  std::string parent_id_;
  std::string attributes_;
  bool failed_ = false;
  std::chrono::steady_clock::time_point start_;
  std::chrono::nanoseconds epoch_{0};  ///< Of the steady clock; one for the spans of a thread.
};

/// While it lives, the spans of this thread are parts of `span`, which may be another thread's and
/// outlives it, or null.
class SpansBelongTo {
 public:
  explicit SpansBelongTo(Span* span);
  ~SpansBelongTo();
  SpansBelongTo(const SpansBelongTo&) = delete;
  SpansBelongTo& operator=(const SpansBelongTo&) = delete;

 private:
  Span* const before_;
};

}  // namespace pgsluice::observe
