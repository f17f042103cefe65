#include "support/service_fixture.h"

#include <cstdlib>
#include <fstream>

#include "http/address.h"
#include "support/paths.h"

namespace pgsluice::testing {

FaultTest::FaultTest()
    : engine_url_(config_.elasticsearch.urls[0]),
      proxy_(http::ParseAddress(engine_url_).host, http::ParseAddress(engine_url_).port),
      config_file_(::testing::TempDir() + prefix_ + "fault.json") {
  Wire();
}

FaultTest::FaultTest(const std::string& server)
    : SyncTest(server),
      engine_url_(config_.elasticsearch.urls[0]),
      proxy_(http::ParseAddress(engine_url_).host, http::ParseAddress(engine_url_).port),
      config_file_(::testing::TempDir() + prefix_ + "fault.json") {
  Wire();
}

void FaultTest::Wire() {
  config_.elasticsearch.urls = {proxy_.url()};
  std::ofstream(config_file_) << R"({"elasticsearch": {"index_prefix": ")" << prefix_ << R"("}})";
}

void FaultTest::StartWith(int rows) {
  Exec("CREATE TABLE item (id int PRIMARY KEY, name text, n int)");
  Exec("INSERT INTO item SELECT n, 'item ' || n, n FROM generate_series(1, " +
       std::to_string(rows) + ") n");
  Start();
  Settle();
}

std::unique_ptr<Process> FaultTest::RunBinary(const std::string& command, const std::string& admin,
                                              const std::string& database,
                                              const Process::Options& options,
                                              const std::string& listen) {
  return std::make_unique<Process>(
      std::vector<std::string>{testing::Binary(), command, "--config", config_file_, "--listen",
                               listen, "--admin-listen", admin.empty() ? "127.0.0.1:0" : admin,
                               "--database-url", database.empty() ? db_.url() : database,
                               "--elasticsearch-url", proxy_.url()},
      options);
}

}  // namespace pgsluice::testing
