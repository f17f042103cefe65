#include "pgsluice/observe/metrics.h"

#include <gtest/gtest.h>

#include <thread>

namespace pgsluice::observe {
namespace {

TEST(Metrics, TextIsAsPrometheusReadsIt) {
  Registry registry;
  registry.MakeCounter("pgsluice_events_claimed_total", "Events claimed.").Add(3);
  registry
      .MakeCounter("pgsluice_documents_indexed_total", "Documents written.",
                   {{"index", "odd \"name\"\\\n"}, {"op", "index"}})
      .Add();
  registry.MakeGauge("pgsluice_lag_seconds", "Age of the oldest event.\nIn seconds.").Set(0.25);
  auto& histogram = registry.MakeHistogram("pgsluice_bulk_duration_seconds", "One bulk.",
                                           {0.005, 0.1, 1}, {{"index", "a"}});
  histogram.Observe(0.005);
  histogram.Observe(0.5);
  histogram.Observe(7);
  EXPECT_EQ(registry.Text(),
            R"(# HELP pgsluice_bulk_duration_seconds One bulk.
# TYPE pgsluice_bulk_duration_seconds histogram
pgsluice_bulk_duration_seconds_bucket{index="a",le="0.005"} 1
pgsluice_bulk_duration_seconds_bucket{index="a",le="0.1"} 1
pgsluice_bulk_duration_seconds_bucket{index="a",le="1"} 2
pgsluice_bulk_duration_seconds_bucket{index="a",le="+Inf"} 3
pgsluice_bulk_duration_seconds_sum{index="a"} 7.505
pgsluice_bulk_duration_seconds_count{index="a"} 3
# HELP pgsluice_documents_indexed_total Documents written.
# TYPE pgsluice_documents_indexed_total counter
pgsluice_documents_indexed_total{index="odd \"name\"\\\n",op="index"} 1
# HELP pgsluice_events_claimed_total Events claimed.
# TYPE pgsluice_events_claimed_total counter
pgsluice_events_claimed_total 3
# HELP pgsluice_lag_seconds Age of the oldest event.\nIn seconds.
# TYPE pgsluice_lag_seconds gauge
pgsluice_lag_seconds 0.25
)");
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameMetric) {
  Registry registry;
  registry.MakeCounter("c", "h", {{"a", "1"}}).Add();
  registry.MakeCounter("c", "h", {{"a", "1"}}).Add();
  EXPECT_EQ(registry.MakeCounter("c", "h", {{"a", "1"}}).value(), 2);
  EXPECT_EQ(registry.MakeCounter("c", "h", {{"a", "2"}}).value(), 0);
  EXPECT_THROW(registry.MakeGauge("c", "h"), std::logic_error);
}

TEST(Metrics, CollectorsRunBeforeEachText) {
  Registry registry;
  registry.OnCollect([&registry] { registry.MakeGauge("g", "h").Add(1); });
  registry.Text();
  EXPECT_NE(registry.Text().find("\ng 2\n"), std::string::npos);
}

TEST(Metrics, CountsFromManyThreadsAddUp) {
  Registry registry;
  auto& counter = registry.MakeCounter("c", "h");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&counter] {
      for (int n = 0; n < 10000; ++n) counter.Add();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 40000);
}

TEST(Metrics, ProcessMetricsArePlausible) {
  Registry registry;
  RegisterProcessMetrics(registry);
  registry.Text();
  EXPECT_GT(registry.MakeGauge("process_resident_memory_bytes", "").value(), 1e6);
  EXPECT_GE(registry.MakeGauge("process_open_fds", "").value(), 3);
  EXPECT_GT(registry.MakeGauge("process_start_time_seconds", "").value(), 1.6e9);
  EXPECT_GE(registry.MakeCounter("process_cpu_seconds_total", "").value(), 0);
}

}  // namespace
}  // namespace pgsluice::observe
