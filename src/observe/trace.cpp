#include "pgsluice/observe/trace.h"

#include <spdlog/fmt/fmt.h>
#include <sys/random.h>

#include <algorithm>
#include <exception>

#include "pgsluice/json/build.h"
#include "pgsluice/json/utf8.h"
#include "pgsluice/observe/trace_exporter.h"

namespace pgsluice::observe {

namespace {

using std::chrono::duration_cast;

constexpr std::size_t kLongestText = 256;

thread_local Span* innermost = nullptr;

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

std::string NewId(std::size_t bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  unsigned char random[16] = {1};
  // Up to 256 bytes are always delivered completely and without interruption.
  [[maybe_unused]] const ssize_t got = getrandom(random, bytes, 0);
  std::string id;
  for (std::size_t i = 0; i < bytes; ++i) {
    id += kHex[random[i] >> 4U];
    id += kHex[random[i] & 15U];
  }
  return id;
}

/// Makes a text safe that may come from a caller.
std::string Clean(std::string_view text) {
  std::string out(text.substr(0, kLongestText));
  if (!json::IsUtf8(out)) {
    std::replace_if(
        out.begin(), out.end(), [](char c) { return (c & 0x80) != 0; }, '?');
  }
  return out;
}

/// Returns attributes as OTLP has them, with 64-bit numbers as strings.
json::ArrayPtr ToArray(const SpanAttributes& attributes) {
  json::ArrayPtr array = json::Items();
  for (const auto& [key, value] : attributes) {
    const auto* text = std::get_if<std::string>(&value);
    array->add(json::Members(
        {{"key", key},
         {"value", text != nullptr
                       ? json::Members({{"stringValue", *text}})
                       : json::Members({{"intValue", std::to_string(std::get<1>(value))}})}}));
  }
  return array;
}

}  // namespace

std::optional<TraceContext> ReadTraceparent(std::string_view header) {
  // 00-<32>-<16>-<2>; later versions may continue after another '-'.
  constexpr std::size_t kLength = 55;
  if (header.size() < kLength || header[2] != '-' || header[35] != '-' || header[52] != '-')
    return {};
  const std::string_view version = header.substr(0, 2);
  const std::string_view trace = header.substr(3, 32);
  const std::string_view span = header.substr(36, 16);
  const std::string_view flags = header.substr(53, 2);
  if (!IsHex(version) || !IsHex(trace) || !IsHex(span) || !IsHex(flags)) return {};
  if (version == "ff" || IsZero(trace) || IsZero(span)) return {};
  if (header.size() > kLength && (version == "00" || header[kLength] != '-')) return {};
  const bool sampled = (flags[1] <= '9' ? flags[1] - '0' : flags[1] - 'a' + 10) % 2 == 1;
  return TraceContext{std::string(trace), std::string(span), sampled};
}

Span::Span(SpanKind kind, std::string_view name)
    : exporter_(TraceExporter::Running()),
      outer_(innermost),
      exceptions_(std::uncaught_exceptions()),
      name_(name) {
  if (outer_ != nullptr) passed_on_ = outer_->passed_on_;
  std::optional<TraceContext> parent;
  if (outer_ != nullptr && outer_->exporter_ != nullptr) parent = outer_->context_;
  Begin(kind, parent);
}

Span::Span(SpanKind kind, std::string_view name, const std::string& traceparent)
    : exporter_(TraceExporter::Running()),
      outer_(innermost),
      exceptions_(std::uncaught_exceptions()),
      name_(name) {
  const std::optional<TraceContext> parent = ReadTraceparent(traceparent);
  if (parent) passed_on_ = traceparent;
  Begin(kind, parent);
}

Span* Span::Innermost() { return innermost; }

SpansBelongTo::SpansBelongTo(Span* span) : before_(innermost) { innermost = span; }

SpansBelongTo::~SpansBelongTo() { innermost = before_; }

void Span::Begin(SpanKind kind, const std::optional<TraceContext>& parent) {
  innermost = this;
  if (exporter_ == nullptr) return;
  kind_ = kind;
  start_ = std::chrono::steady_clock::now();
  epoch_ = outer_ != nullptr && outer_->exporter_ != nullptr
               ? outer_->epoch_
               : std::chrono::system_clock::now().time_since_epoch() - start_.time_since_epoch();
  context_.trace_id = parent ? parent->trace_id : NewId(16);
  context_.span_id = NewId(8);
  context_.sampled = exporter_->Samples(parent, context_.trace_id);
  if (parent) parent_id_ = parent->span_id;
}

Span::~Span() {
  innermost = outer_;
  if (exporter_ == nullptr || !context_.sampled) return;
  failed_ = failed_ || std::uncaught_exceptions() > exceptions_;
  exporter_->Take(ToJson());
}

void Span::Set(std::string_view key, std::string_view text) {
  if (context_.sampled) attributes_.emplace_back(key, Clean(text));
}

void Span::Set(std::string_view key, std::int64_t number) {
  if (context_.sampled) attributes_.emplace_back(key, number);
}

std::string Span::traceparent() const {
  if (exporter_ == nullptr) return passed_on_;
  return fmt::format("00-{}-{}-0{}", context_.trace_id, context_.span_id, context_.sampled ? 1 : 0);
}

std::string_view Span::trace_id() const {
  return context_.sampled ? std::string_view(context_.trace_id) : std::string_view();
}

std::string Span::ToJson() const {
  const auto nanoseconds = [this](std::chrono::steady_clock::time_point time) {
    return std::to_string(
        duration_cast<std::chrono::nanoseconds>(time.time_since_epoch() + epoch_).count());
  };
  return json::ToText(
      json::Members({{"traceId", context_.trace_id},
                     {"spanId", context_.span_id},
                     {"parentSpanId", parent_id_},
                     {"flags", 1},
                     {"name", Clean(name_)},
                     {"kind", static_cast<int>(kind_)},
                     {"startTimeUnixNano", nanoseconds(start_)},
                     {"endTimeUnixNano", nanoseconds(std::chrono::steady_clock::now())},
                     {"attributes", ToArray(attributes_)},
                     {"status", failed_ ? json::Members({{"code", 2}}) : json::Members()}}));
}

}  // namespace pgsluice::observe
