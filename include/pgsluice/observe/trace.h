#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// Traces: spans of requests and of batches, which TraceExporter sends to a collector. Without an
/// exporter in the process, a span costs almost nothing.
namespace pgsluice::observe {

class TraceExporter;

/// The position of a span in a trace: W3C Trace Context.
struct TraceContext {
  std::string trace_id;  ///< 32 hexadecimal digits.
  std::string span_id;   ///< 16 of them.
  bool sampled = false;  ///< It is sent to the collector.
};

/// Reads the value of a traceparent header; nullopt if it is not well-formed.
std::optional<TraceContext> ReadTraceparent(std::string_view header);

using SpanAttributes = std::vector<std::pair<std::string, std::variant<std::string, std::int64_t>>>;

enum class SpanKind { kInternal = 1, kServer = 2, kClient = 3, kConsumer = 5 };

/// A piece of work of one thread, from construction to destruction. It counts as failed if an
/// exception ends it. Spans nest.
class Span {
 public:
  /// Begins a child of the thread's innermost span, or the root of a new trace.
  Span(SpanKind kind, std::string_view name);
  /// Begins a child of the span that `traceparent` names, or the root of a new trace if it names
  /// none.
  Span(SpanKind kind, std::string_view name, const std::string& traceparent);
  ~Span();
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

  /// Returns the innermost span of this thread; null if there is none.
  static Span* Innermost();

  void Rename(std::string name) { name_ = std::move(name); }
  /// Cuts long texts.
  void Set(std::string_view key, std::string_view text);
  void Set(std::string_view key, std::int64_t number);
  void Fail() { failed_ = true; }
  /// Moves the start back, for work that began before it was known to deserve a span.
  void Since(std::chrono::steady_clock::time_point start) { start_ = start; }

  /// Returns the header for outgoing requests of this span: its own context, or, without an
  /// exporter, the context that came in. Empty if there is neither.
  std::string traceparent() const;
  /// Returns the trace's id; empty unless the span is sent to the collector.
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
  SpanAttributes attributes_;
  bool failed_ = false;
  std::chrono::steady_clock::time_point start_;
  /// Converts the steady clock to Unix time; the same for all spans of a thread.
  std::chrono::nanoseconds epoch_{0};
};

/// Makes spans of this thread children of `span` while the object exists. `span` may belong to
/// another thread and must outlive the object, or is null.
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
