#include "pgsluice/observe/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <set>
#include <stdexcept>

#include "pgsluice/base/error.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/observe/trace_exporter.h"

namespace pgsluice::observe {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

constexpr const char* kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kCaller = std::string("00-") + kTrace + "-b7ad6b7169203331-01";

/// A collector that keeps the spans of one exporter.
class Traces : public ::testing::Test {
 protected:
  void Start(TraceOptions options = {.delay = milliseconds(1)}) {
    exporter_ = std::make_unique<TraceExporter>(
        std::move(options),
        [this](const std::string& body, milliseconds) {
          std::unique_lock lock(mutex_);
          ++requests_;
          changed_.notify_all();
          changed_.wait(lock, [this] { return !hangs_; });
          if (failures_ > 0) {
            --failures_;
            throw Error(disposition_, "refused");
          }
          last_ = json::Parse(body);
          const json::Value& scope =
              last_.Find("resourceSpans")->items[0].Find("scopeSpans")->items[0];
          for (const json::Value& span : scope.Find("spans")->items) spans_.push_back(span);
        },
        registry_);
  }
  /// Ends the exporter, so that all spans have arrived.
  const std::vector<json::Value>& Spans() {
    exporter_.reset();
    return spans_;
  }
  void AwaitRequests(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return requests_ >= count; });
  }
  double Count(const std::string& what) {
    return registry_.MakeCounter("pgsluice_trace_spans_" + what + "_total", "").value();
  }
  static std::string Text(const json::Value& span, const char* key) { return span.Find(key)->text; }

  Registry registry_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool hangs_ = false;
  int failures_ = 0;
  Disposition disposition_ = Disposition::kRetry;
  int requests_ = 0;
  json::Value last_;
  std::vector<json::Value> spans_;
  std::unique_ptr<TraceExporter> exporter_;
};

TEST(Traceparent, OnlyWhatIsWellFormedIsRead) {
  const auto context = ReadTraceparent(kCaller);
  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace_id, kTrace);
  EXPECT_EQ(context->span_id, "b7ad6b7169203331");
  EXPECT_TRUE(context->sampled);
  EXPECT_FALSE(ReadTraceparent(std::string("00-") + kTrace + "-b7ad6b7169203331-02")->sampled);
  EXPECT_TRUE(ReadTraceparent(std::string("cc-") + kTrace + "-b7ad6b7169203331-0b-later")->sampled);
  for (const std::string& bad :
       {std::string(), std::string("00-evil"), kCaller + "-more", "ff" + kCaller.substr(2),
        std::string("00-") + std::string(32, '0') + "-b7ad6b7169203331-01",
        std::string("00-") + kTrace + "-0000000000000000-01",
        std::string("00-") + kTrace + "-B7AD6B7169203331-01", kCaller.substr(0, 54) + "g",
        std::string("cc-") + kTrace + "-b7ad6b7169203331-01later"}) {
    EXPECT_FALSE(ReadTraceparent(bad)) << bad;
  }
}

TEST(Span, WithoutAnExporterTheHeaderIsPassedOn) {
  Span span(SpanKind::kServer, "GET", kCaller);
  span.Set("key", "value");
  EXPECT_EQ(span.traceparent(), kCaller);
  EXPECT_EQ(span.trace_id(), "");
  EXPECT_EQ(Span(SpanKind::kClient, "inner").traceparent(), kCaller);
  EXPECT_EQ(Span(SpanKind::kClient, "other", "00-evil").traceparent(), "");
}

TEST_F(Traces, SpansContinueTheirCallersTraceAndNest) {
  Start();
  std::string header;
  {
    Span outer(SpanKind::kServer, "GET", kCaller);
    outer.Rename("GET /v1/{index}/search");
    outer.Set("http.response.status_code", 200);
    outer.Set("url.path", "/v1/\xff\"/" + std::string(1000, 'x'));
    Span inner(SpanKind::kClient, "POST _search");
    header = inner.traceparent();
  }
  const auto& spans = Spans();
  ASSERT_EQ(spans.size(), 2U);
  const json::Value& inner = spans[0];
  const json::Value& outer = spans[1];
  EXPECT_EQ(Text(outer, "traceId"), kTrace);
  EXPECT_EQ(Text(outer, "parentSpanId"), "b7ad6b7169203331");
  EXPECT_EQ(Text(outer, "name"), "GET /v1/{index}/search");
  EXPECT_EQ(Text(outer, "kind"), "2");
  EXPECT_EQ(Text(inner, "traceId"), kTrace);
  EXPECT_EQ(Text(inner, "parentSpanId"), Text(outer, "spanId"));
  EXPECT_EQ(header, "00-" + std::string(kTrace) + "-" + Text(inner, "spanId") + "-01");
  EXPECT_GE(std::stoll(Text(inner, "startTimeUnixNano")),
            std::stoll(Text(outer, "startTimeUnixNano")));
  EXPECT_GE(std::stoll(Text(inner, "endTimeUnixNano")),
            std::stoll(Text(inner, "startTimeUnixNano")));
  const std::string attributes = json::ToText(*outer.Find("attributes"));
  EXPECT_THAT(attributes,
              HasSubstr(R"({"key":"http.response.status_code","value":{"intValue":"200"}})"));
  EXPECT_THAT(attributes, HasSubstr(R"("stringValue":"/v1/?\"/xxx)"));
  EXPECT_LT(attributes.size(), 500U);
  EXPECT_THAT(json::ToText(last_),
              HasSubstr(R"({"key":"service.name","value":{"stringValue":"pgsluice"}})"));
}

TEST_F(Traces, ASpanThatAnExceptionEndsHasFailed) {
  Start();
  {
    const Span root(SpanKind::kConsumer, "sync batch");
    EXPECT_THAT(root.traceparent(), MatchesRegex("00-[0-9a-f]{32}-[0-9a-f]{16}-01"));
    try {
      const Span inner(SpanKind::kClient, "bulk");
      throw std::runtime_error("away");
    } catch (const std::runtime_error&) {
    }
  }
  const auto& spans = Spans();
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(json::ToText(*spans[0].Find("status")), R"({"code":2})");
  EXPECT_EQ(json::ToText(*spans[1].Find("status")), "{}");
  EXPECT_EQ(Text(spans[1], "parentSpanId"), "");
}

TEST_F(Traces, WhatTheCallerDoesNotSampleIsPassedOnAndNotExported) {
  Start();
  const std::string header = kCaller.substr(0, kCaller.size() - 1) + "0";
  {
    const Span span(SpanKind::kServer, "GET", header);
    const Span inner(SpanKind::kClient, "POST _search");
    EXPECT_THAT(inner.traceparent(), MatchesRegex(std::string("00-") + kTrace + "-[0-9a-f]+-00"));
  }
  EXPECT_TRUE(Spans().empty());
}

TEST_F(Traces, AShareOfTheTracesIsExportedCompletely) {
  Start({.ratio = 0.5, .delay = milliseconds(1)});
  int sampled = 0;
  for (int i = 0; i < 400; ++i) {
    const Span root(SpanKind::kConsumer, "root");
    const Span inner(SpanKind::kClient, "inner");
    sampled += root.trace_id().empty() ? 0 : 1;
    EXPECT_EQ(root.trace_id(), inner.trace_id());
  }
  EXPECT_GT(sampled, 100);
  EXPECT_LT(sampled, 300);
  EXPECT_EQ(Spans().size(), static_cast<std::size_t>(2 * sampled));
}

TEST_F(Traces, ACollectorThatHangsCostsSpansButNobodyWaits) {
  hangs_ = true;
  Start({.queue = 10, .batch = 5, .delay = milliseconds(1)});
  { const Span first(SpanKind::kInternal, "first"); }
  AwaitRequests(1);
  for (int i = 0; i < 30; ++i) const Span span(SpanKind::kInternal, "more");
  EXPECT_EQ(Count("dropped"), 20);
  {
    const std::lock_guard lock(mutex_);
    hangs_ = false;
    changed_.notify_all();
  }
  EXPECT_EQ(Spans().size(), 11U);
  EXPECT_EQ(Count("exported"), 11);
}

TEST_F(Traces, WhatFailsForNowIsSentAgainAndWhatIsRefusedIsNot) {
  failures_ = 1;
  Start();
  { const Span span(SpanKind::kInternal, "again"); }
  AwaitRequests(2);
  EXPECT_EQ(Spans().size(), 1U);
  EXPECT_EQ(Count("dropped"), 0);
  failures_ = 1;
  disposition_ = Disposition::kReject;
  Start();
  { const Span span(SpanKind::kInternal, "refused"); }
  EXPECT_EQ(Spans().size(), 1U);
  EXPECT_EQ(Count("dropped"), 1);
}

TEST_F(Traces, AThreadContinuesTheSpanOfAnother) {
  Start();
  {
    const Span batch(SpanKind::kConsumer, "batch");
    std::async(std::launch::async, [span = Span::Innermost()] {
      const SpansBelongTo belong(span);
      const Span part(SpanKind::kClient, "part");
    }).get();
    const Span later(SpanKind::kClient, "later");
  }
  const auto& spans = Spans();
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(Text(spans[0], "name"), "part");
  EXPECT_EQ(Text(spans[0], "parentSpanId"), Text(spans[2], "spanId"));
  EXPECT_EQ(Text(spans[1], "parentSpanId"), Text(spans[2], "spanId"));
}

TEST_F(Traces, IdsAreDifferentOnAllThreads) {
  Start({.queue = 10'000});
  std::vector<std::future<void>> threads;
  for (int n = 0; n < 4; ++n) {
    threads.push_back(std::async(std::launch::async, [] {
      for (int i = 0; i < 500; ++i) const Span span(SpanKind::kInternal, "span");
    }));
  }
  for (auto& thread : threads) thread.get();
  std::set<std::string> ids;
  for (const json::Value& span : Spans()) {
    ids.insert(Text(span, "traceId"));
    ids.insert(Text(span, "spanId"));
  }
  EXPECT_EQ(ids.size(), 4000U);
}

}  // namespace
}  // namespace pgsluice::observe
