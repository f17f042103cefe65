// Upgrades from the first schema to this binary's, from this binary's to a newer one, and processes
// that are replaced one by one, while the application writes.

#include <gmock/gmock.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "pgsluice/base/error.h"
#include "pgsluice/migrate/migrator.h"
#include "support/paths.h"
#include "support/service_fixture.h"

namespace pgsluice {
namespace {

using migrate::Migrator;
using std::chrono::seconds;
using ::testing::HasSubstr;
using testing::Process;

/// An application: random statements on table `item`, in a separate thread.
class Writer {
 public:
  explicit Writer(const testing::PgSandbox& database)
      : thread_([this, options = database.options()](const std::stop_token& stop) {
          Write(options, stop);
        }) {}

  /// Returns when it has written this many more times.
  void Await(int statements) {
    const int wanted = written_ + statements;
    for (int seen = written_; seen < wanted; seen = written_) written_.wait(seen);
  }
  /// Returns what failed; empty if nothing did.
  std::string Stop() {
    thread_.request_stop();
    thread_.join();
    return trouble_;
  }

 private:
  void Write(const pg::SessionOptions& options, const std::stop_token& stop) {
    pg::Session session(options);
    while (!stop.stop_requested()) {
      const std::string id = std::to_string(random_() % 400);
      try {
        session.Exec("UPDATE public.item SET n = n + 1 WHERE id % 20 = " + id + " % 20");
        session.Exec("DELETE FROM public.item WHERE id = " + id);
        session.Exec("INSERT INTO public.item VALUES (" + id + ", 'again') ON CONFLICT DO NOTHING");
      } catch (const Error& error) {
        trouble_ = error.what();
      }
      ++written_;
      written_.notify_all();
    }
  }

  const unsigned seed_ = std::random_device{}();
  std::minstd_rand random_{seed_};
  std::atomic<int> written_{0};
  std::string trouble_;  ///< Of the thread until it has ended.
  std::jthread thread_;
  ::testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
};

class Upgrade : public testing::FaultTest {
 protected:
  /// Table `item`, attached by the first schema's own functions.
  void BeginWithTheFirstSchema() {
    std::set<std::filesystem::path> files;
    const auto first = testing::SourceFile("/tests/data/first_migrations");
    for (const auto& entry : std::filesystem::directory_iterator(first)) {
      if (entry.path().extension() == ".sql") files.insert(entry.path());
    }
    for (const auto& file : files) {
      std::ifstream in(file);
      Exec("BEGIN");
      Exec(std::string(std::istreambuf_iterator<char>(in), {}));
      Exec("COMMIT");
    }
    Exec("CREATE TABLE item (id int PRIMARY KEY, name text, n int DEFAULT 0)");
    Exec("SELECT pgsluice.attach('public.item')");
    Exec("INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 300) n");
  }
  void Begin() {
    Exec("CREATE TABLE item (id int PRIMARY KEY, name text, n int DEFAULT 0)");
    Exec("INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 300) n");
    db_.Migrate();
    Attach();
  }
  testing::Outcome Run(const std::string& command, const std::string& subcommand = {}) {
    std::vector<std::string> arguments = {command};
    if (!subcommand.empty()) arguments.push_back(subcommand);
    arguments.insert(arguments.end(), {"--config", config_file_, "--database-url", db_.url()});
    return testing::RunPgsluice(arguments);
  }
  /// The present migrations and one that is not known yet.
  static Migrator::List Newer() {
    Migrator::List list = migrate::EmbeddedMigrations();
    list.push_back({9000, "9000_future", R"sql(
      ALTER TABLE pgsluice.outbox ADD COLUMN future int;
      ALTER TABLE pgsluice.index_state ADD COLUMN future int;
      INSERT INTO pgsluice.migrations (number, name) VALUES (9000, '9000_future');)sql"});
    return list;
  }
};

TEST_F(Upgrade, FromTheFirstSchemaWithEventsWaiting) {
  BeginWithTheFirstSchema();
  const std::string waiting = db_.Text("SELECT count(*) FROM pgsluice.outbox");
  EXPECT_NE(waiting, "0");
  std::string refusal;
  try {
    Migrator::CheckVersion(db_.session());
  } catch (const Error& error) {
    EXPECT_EQ(error.hint(), "run 'pgsluice migrate up'");
    refusal = error.what();
  }
  auto early = RunBinary("sync");
  if (refusal.empty()) {
    ASSERT_TRUE(early->WaitForLine("running", seconds(60))) << early->err();
    Exec("UPDATE item SET n = n + 1 WHERE id % 3 = 0");
    ExpectRecovered();
    early->Signal(SIGTERM);
    EXPECT_EQ(early->Wait(), 0);
    Exec("UPDATE item SET n = n + 1 WHERE id % 5 = 0");
  } else {
    EXPECT_EQ(early->Wait(), 1);
    EXPECT_THAT(early->err(), HasSubstr("pgsluice migrate up"));
    EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.outbox"), waiting);
  }
  Writer writer(db_);
  writer.Await(5);
  const testing::Outcome up = Run("migrate", "up");
  EXPECT_EQ(up.code, 0) << up.err;
  writer.Await(5);
  const auto process = RunBinary("sync");
  ASSERT_TRUE(process->WaitForLine("running", seconds(60))) << process->err();
  writer.Await(5);
  EXPECT_EQ(writer.Stop(), "");
  ExpectRecovered();
}

TEST_F(Upgrade, AMigrationBesideRunningProcessesLosesNothing) {
  Begin();
  const auto process = RunBinary("sync");
  ASSERT_TRUE(process->WaitForLine("running", seconds(60))) << process->err();
  Writer writer(db_);
  writer.Await(5);
  pg::Session session(db_.options());
  EXPECT_THAT(Migrator::Up(session, {}, Newer()), ::testing::Contains("9000_future"));
  writer.Await(20);
  EXPECT_EQ(writer.Stop(), "");
  ExpectRecovered();
  process->Signal(SIGTERM);
  EXPECT_EQ(process->Wait(), 0);
}

TEST_F(Upgrade, ASchemaThatIsNewerIsRefusedAndLeftAlone) {
  Begin();
  pg::Session session(db_.options());
  Migrator::Up(session, {}, Newer());
  const std::string waiting = db_.Text("SELECT count(*) FROM pgsluice.outbox");
  for (const char* command : {"run", "sync", "serve"}) {
    const auto process = RunBinary(command);
    EXPECT_EQ(process->Wait(), 1) << command;
    EXPECT_THAT(process->err(), HasSubstr("9000_future, which this pgsluice does not know"));
    EXPECT_THAT(process->err(), HasSubstr("at least as new")) << command;
  }
  for (const char* command :
       {"migrate", "attach", "detach", "backfill", "verify", "status", "wait"}) {
    const testing::Outcome outcome = Run(command);
    EXPECT_EQ(outcome.code, 1) << command;
    EXPECT_THAT(outcome.err, HasSubstr("at least as new")) << command;
  }
  EXPECT_THAT(Run("migrate", "status").out, HasSubstr("9000_future: applied"));
  EXPECT_THAT(Run("migrate", "status").out, HasSubstr("(by a newer pgsluice)"));
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.outbox"), waiting);
}

TEST_F(Upgrade, DownAndUpAgainIsTheWayBack) {
  Begin();
  auto process = RunBinary("sync");
  ASSERT_TRUE(process->WaitForLine("running", seconds(60))) << process->err();
  ExpectRecovered();
  process->Signal(SIGTERM);
  EXPECT_EQ(process->Wait(), 0);
  pg::Session session(db_.options());
  Migrator::Up(session, {}, Newer());
  EXPECT_TRUE(Migrator::Down(session));
  // These are not captured.
  Exec("UPDATE item SET n = 7 WHERE id % 2 = 0");
  Exec("DELETE FROM item WHERE id % 7 = 0");
  const testing::Outcome up = Run("migrate", "up");
  EXPECT_EQ(up.code, 0) << up.err;
  process = RunBinary("sync");
  ASSERT_TRUE(process->WaitForLine("running", seconds(60))) << process->err();
  ExpectRecovered();
}

TEST_F(Upgrade, ProcessesAreReplacedOneAfterTheOtherUnderWrites) {
  Begin();
  std::vector<std::unique_ptr<Process>> processes;
  for (int i = 0; i < 3; ++i) processes.push_back(RunBinary("sync"));
  for (auto& process : processes) {
    ASSERT_TRUE(process->WaitForLine("running", seconds(60))) << process->err();
  }
  Writer writer(db_);
  for (int round = 0; round < 2; ++round) {
    for (auto& process : processes) {
      writer.Await(5);
      process->Signal(SIGTERM);
      EXPECT_EQ(process->Wait(), 0) << process->err();
      process = RunBinary("sync");
      ASSERT_TRUE(process->WaitForLine("running", seconds(60))) << process->err();
    }
  }
  EXPECT_EQ(writer.Stop(), "");
  ExpectRecovered();
}

}  // namespace
}  // namespace pgsluice
