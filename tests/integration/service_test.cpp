// The binary as users run it: ports, endpoints, signals.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "pgsluice/http/transport.h"
#include "support/paths.h"
#include "support/process.h"
#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

class ServiceBinary : public testing::SyncTest {};

TEST_F(ServiceBinary, AnswersOnBothPortsAndStopsOnSigterm) {
  Exec("CREATE TABLE item (id int PRIMARY KEY, name text)");
  Exec("INSERT INTO item VALUES (1, 'hackathons'), (2, 'other')");
  Start();  // Attaches and creates the index.
  Settle();
  const std::string config = ::testing::TempDir() + prefix_ + "pgsluice.json";
  std::ofstream(config) << R"({"elasticsearch": {"index_prefix": ")" + prefix_ + R"("}})";
  const std::string listen = "127.0.0.1:" + std::to_string(testing::FreePort());
  const std::string admin_listen = "127.0.0.1:" + std::to_string(testing::FreePort());
  testing::Process service({testing::Binary(), "run", "--config", config, "--listen", listen,
                            "--admin-listen", admin_listen, "--database-url", db_.url(),
                            "--elasticsearch-url", config_.elasticsearch.urls[0]},
                           {});
  ASSERT_TRUE(service.WaitForLine("running", std::chrono::seconds(60)));
  http::ClientOptions options;
  options.urls = {"http://" + listen};
  const auto api = http::MakeClient(options);
  options.urls = {"http://" + admin_listen};
  const auto admin = http::MakeClient(options);
  const auto get = [](const auto& client, const std::string& path) {
    return client->Send({.path = path}).body;
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (admin->Send({.path = "/readyz"}).status != 200) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << get(admin, "/readyz");
  }
  EXPECT_THAT(get(api, "/v1/item/search?q=hackathns"), HasSubstr(R"("id":"1")"));
  EXPECT_THAT(get(api, "/v1/item/docs/2"), HasSubstr("other"));
  EXPECT_THAT(get(api, "/v1/sync"), HasSubstr(R"("item":{"state":"live"})"));
  EXPECT_THAT(get(api, "/v1/sync/wait?after=0&wait=2s"), HasSubstr("position"));
  EXPECT_THAT(get(admin, "/status"), HasSubstr(R"("phase" : "live")"));
  const std::string metrics = get(admin, "/metrics");
  for (const char* metric :
       {"pgsluice_build_info{version=", "pgsluice_outbox_pending ", "pgsluice_lag_seconds ",
        "pgsluice_events_claimed_total ",
        R"(pgsluice_documents_indexed_total{index="item",op="index"})",
        R"(pgsluice_index_errors_total{index="item",reason="rejected"} )",
        R"(pgsluice_dead_letters{index="item"} 0)", "pgsluice_bulk_duration_seconds_count ",
        "pgsluice_end_to_end_seconds_count ", R"(pgsluice_backfill_rows_total{index="item"} )",
        R"(pgsluice_backfill_progress_ratio{index="item"} 1)",
        R"(pgsluice_reindex_needed{index="item"} 0)", R"(pgsluice_trouble{part="engine"} 0)",
        "pgsluice_http_requests_total{route=", "pgsluice_http_request_duration_seconds_count ",
        "pgsluice_search_engine_duration_seconds_count ", "process_resident_memory_bytes "}) {
    EXPECT_NE(metrics.find(std::string("\n") + metric), std::string::npos) << metric;
  }
  EXPECT_THAT(get(admin, "/healthz"), HasSubstr("ok"));
  // SIGHUP applies a key; until then no key is required.
  std::ofstream(config) << R"({"elasticsearch": {"index_prefix": ")" + prefix_ + R"("},)"
                        << R"("limits": {"connections_per_address": 500},)"
                        << R"("auth": {"keys": [{"name": "k", "policy": "p", "sha256": ")"
                        << std::string(64, 'a') << R"("}], "policies": {"p": {"indexes": {}}}}})";
  service.Signal(SIGHUP);
  ASSERT_TRUE(service.WaitForLine("SIGHUP: keys", std::chrono::seconds(20)));
  EXPECT_TRUE(service.WaitForLine("limits.connections_per_address", std::chrono::seconds(20)));
  EXPECT_EQ(api->Send({.path = "/v1/item/count"}).status, 401);
  std::ofstream(config) << R"({"lissten": 1})";
  service.Signal(SIGHUP);
  ASSERT_TRUE(service.WaitForLine("the old one stays", std::chrono::seconds(20)));
  EXPECT_EQ(api->Send({.path = "/v1/item/count"}).status, 401);
  service.Signal(SIGTERM);
  EXPECT_EQ(service.Wait(), 0);
}

}  // namespace
}  // namespace pgsluice
