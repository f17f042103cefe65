#include "histories/history.h"

#include <chrono>
#include <csignal>
#include <thread>

#include "pgsluice/base/error.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::testing {

namespace {

constexpr int kWriters = 3, kProcesses = 2;
constexpr int kIds = 60;  // Few, so that transactions conflict.

const std::vector<std::string>& Tables() {
  static const std::vector<std::string> tables = {"item", "pair", "child", "bag"};
  return tables;
}

}  // namespace

void History::Prepare() {
  Exec(
      "CREATE TABLE item (id int PRIMARY KEY, name text, n int);"
      "CREATE TABLE pair (a int, b text, v int, PRIMARY KEY (a, b));"
      "CREATE TABLE child (id int PRIMARY KEY, item_id int REFERENCES item ON DELETE CASCADE ON "
      "UPDATE CASCADE, note text);"
      "CREATE TABLE bag (x int, y text)");
  Exec("INSERT INTO item SELECT g, 'item ' || g, g FROM generate_series(1, 40) g");
  Exec("INSERT INTO pair SELECT g % 7, 'b' || g, g FROM generate_series(1, 40) g");
  Exec("INSERT INTO child SELECT g, g % 40 + 1, 'c' FROM generate_series(1, 40) g");
  Exec("INSERT INTO bag SELECT g % 5, 'y' || g % 3 FROM generate_series(1, 40) g");
  db_.Migrate();
  if (definitions_) Configure();
  Attach();
  for (int i = 0; i < kProcesses; ++i) processes_.push_back(RunBinary("sync"));
  OpenWriters();
}

void History::OpenWriters() {
  writers_.clear();
  for (int i = 0; i < kWriters; ++i) {
    auto session =
        std::make_unique<pg::Session>(pg::SessionOptions{.url = db_.url(), .lock_timeout_ms = 50});
    session->Exec("SET search_path = public");
    writers_.push_back({std::move(session), false});
  }
}

std::string History::Word() {
  static const std::vector<std::string> words = {
      "'plain'", "'qu\"ote'", "E'back\\\\slash'", "'ü'", "'pi|pe'", "''", "NULL"};
  return words[random_() % words.size()];
}

std::string History::StatementOnBag() {
  switch (Random(4)) {
    case 0:
      return "INSERT INTO bag VALUES (" + Number(6) + ", " + Word() + ")";
    case 1:
      return "DELETE FROM bag WHERE ctid IN (SELECT ctid FROM bag WHERE x = " + Number(6) +
             " LIMIT 1)";
    case 2:
      return "UPDATE bag SET y = " + Word() + " WHERE x = " + Number(6);
    default:
      return "INSERT INTO bag SELECT x, y FROM bag LIMIT " + Number(5);
  }
}

std::string History::Statement() {
  const std::string id = Number(kIds), other = Number(kIds);
  switch (Random(14)) {
    case 0:
      return "INSERT INTO item VALUES (" + id + ", " + Word() + ", " + Number(1000) +
             ") ON CONFLICT (id) DO UPDATE SET n = excluded.n";
    case 1:
      return "UPDATE item SET name = " + Word() + ", n = n + 1 WHERE id = " + id;
    case 2:
      return "DELETE FROM item WHERE id = " + id;
    case 3:
      return "UPDATE item SET id = " + other + " WHERE id = " + id +
             " AND NOT EXISTS (SELECT FROM item WHERE id = " + other + ")";
    case 4:
      return "UPDATE item SET n = n + 1 WHERE id % 7 = " + Number(7);
    case 5:
      return "INSERT INTO pair VALUES (" + Number(7) + ", 'b" + id + "', 0) ON CONFLICT DO NOTHING";
    case 6:
      return "UPDATE pair SET v = v + 1 WHERE a = " + Number(7);
    case 7:
      return "DELETE FROM pair WHERE b = 'b" + id + "'";
    case 8:
      return "WITH gone AS (DELETE FROM pair WHERE b = 'b" + id +
             "' RETURNING *) INSERT INTO "
             "pair SELECT a + 10, b, v FROM gone ON CONFLICT DO NOTHING";
    case 9:
      return "INSERT INTO child SELECT " + id + ", id, " + Word() +
             " FROM item WHERE id = " + other +
             " ON CONFLICT (id) DO UPDATE SET item_id = excluded.item_id";
    case 10:
      return "UPDATE child SET note = " + Word() + " WHERE item_id = " + id;
    case 11:
      return Random(6) != 0 ? StatementOnBag()
                            : "TRUNCATE " + Tables()[random_() % Tables().size()] + " CASCADE";
    case 12:
      return Random(4) != 0
                 ? StatementOnBag()
                 : "INSERT INTO item SELECT g, 'many', g FROM generate_series(1000, 1000 + " +
                       Number(3000) + ") g ON CONFLICT (id) DO UPDATE SET n = -excluded.n";
    default:
      return StatementOnBag();
  }
}

void History::End(Writer& writer) {
  if (!writer.open) return;
  writer.open = false;
  if (Random(5) == 0) {
    writer.session->Rollback();
    Note("ROLLBACK");
  } else {
    writer.session->Commit();
    Note("COMMIT");
  }
}

void History::Write(Writer& writer) {
  const std::string sql = Statement();
  Note(std::to_string(&writer - writers_.data()) + ": " + sql);
  try {
    if (!writer.open && Random(2) == 0) {
      writer.session->Begin();
      writer.open = true;
    }
    const bool undone = writer.open && Random(6) == 0;
    if (undone) writer.session->Exec("SAVEPOINT s");
    writer.session->Exec(sql);
    if (undone) writer.session->Exec("ROLLBACK TO s");
  } catch (const Error& error) {  // Two transactions conflicted.
    Note(std::string("  refused: ") + error.what());
    writer.session->Rollback();
    writer.open = false;
  }
}

void History::FaultOfTheEngine() {
  const int times = 1 + Random(3);
  switch (Random(12)) {
    case 0:
      return proxy_.AnswerStatus("_bulk", times, 429, R"({"error":{"type":"busy"}})");
    case 1:
      return proxy_.AnswerStatus("_bulk", times, 503, "<html>down</html>");
    case 2:
      return proxy_.AnswerStatus("_bulk", times, 200, "hello");
    case 3:
      return proxy_.AnswerStatus("", times, 302, "", "Location: http://elsewhere/\r\n");
    case 4:
      return proxy_.CutNextAnswer(static_cast<std::size_t>(Random(300)));
    case 5:
      return proxy_.CloseConnections();
    case 6:
      return proxy_.Stall();
    case 7:
      return proxy_.Refuse();
    case 8:
    case 9:
      return Block();
    case 10:
      return WriteForeignDocuments();
    default:
      engine_->Send({.method = "DELETE",
                     .path = "/" + Alias(Tables()[random_() % Tables().size()]) + "-0*",
                     .body = {}});
  }
}

void History::Block() {
  blocked_ = Tables()[random_() % Tables().size()];
  Note("the engine blocks " + blocked_);
  SetBlock("true");
}

void History::Unblock() {
  if (blocked_.empty()) return;
  SetBlock("null");
  blocked_.clear();
}

void History::SetBlock(const std::string& value) {
  engine_->Send({.method = "PUT",
                 .path = "/" + Alias(blocked_) + "/_settings",
                 .body = R"({"index.blocks.read_only_allow_delete":)" + value + "}"});
}

void History::WriteForeignDocuments() {
  const std::string index = Alias(Tables()[random_() % Tables().size()]);
  Note("somebody else writes to " + index);
  foreign_ = true;
  for (const std::string& id : {std::string("zzz"), Number(kIds)}) {
    engine_->Send({.method = "PUT",
                   .path = "/" + index + "/_doc/" + id + "?require_alias=true",
                   .body = R"({"n":-1})"});
  }
}

void History::Repair() {
  if (!foreign_) return;
  // Twice, because rows that changed during the first comparison may seem to differ.
  Outcome repaired;
  for (int i = 0; i < 2; ++i) {
    repaired = RunPgsluice({"verify", "--repair", "--config", config_file_, "--database-url",
                            db_.url(), "--elasticsearch-url", engine_url_});
  }
  EXPECT_EQ(repaired.code, 0) << repaired.out << repaired.err;
}

void History::RestartDatabase() {
  server.Stop(Random(2) == 0 ? OwnPostgres::Mode::kImmediate : OwnPostgres::Mode::kFast);
  server.Start();
  db_.Reconnect();
  OpenWriters();
}

void History::Fault() {
  const int kind = Random(9);
  Note("fault " + std::to_string(kind));
  proxy_.Pass();
  Unblock();
  if (kind < 2) {
    auto& victim = processes_[random_() % processes_.size()];
    victim->Signal(kind == 0 ? SIGKILL : SIGTERM);
    EXPECT_NE(victim->Wait(std::chrono::seconds(15)), -1);
    victim = RunBinary("sync");
  } else if (kind == 2) {
    Exec(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
        "current_database() AND application_name LIKE 'pgsluice %'");
  } else if (kind == 4) {
    RestartDatabase();
  } else if (kind == 3) {
    // The next process that checks reads everything again. Row by row, because a statement that
    // holds some rows while it waits for others could deadlock with a worker.
    for (const std::string& table : Tables()) {
      Exec("UPDATE pgsluice.index_state SET config_hash = '' WHERE index_name = '" + table + "'");
    }
    processes_[0]->Signal(SIGKILL);
    processes_[0] = RunBinary("sync");
  } else {
    FaultOfTheEngine();
  }
}

void History::Step() {
  Writer& writer = writers_[random_() % writers_.size()];
  Write(writer);
  if (Random(3) == 0) End(writer);
  if (Random(12) == 0) Fault();
  if (definitions_ && Random(20) == 0) ChangeDefinition();
  if (Random(20) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(Random(300)));
}

std::map<std::string, std::string> History::Oracle(const std::string& table) {
  std::map<std::string, std::string> documents;
  const std::string names = table == "item"    ? "id, n, name"
                            : table == "pair"  ? "a, b, v"
                            : table == "child" ? "id, item_id, note"
                                               : "x, y";
  const pg::Result rows = Exec("SELECT " + names + " FROM " + table);
  const auto text = [&](std::size_t row, std::size_t column) {
    const bool number =
        !(column == 1 && (table == "pair" || table == "bag")) && !(column == 2 && table != "pair");
    if (rows.IsNull(row, column)) return std::string("null");
    const std::string value(rows.Text(row, column));
    return number ? value : json::Quote(value);
  };
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    std::string document = "{";
    std::size_t column = 0;
    for (std::size_t at = 0; at < names.size(); ++column) {
      const std::size_t end = std::min(names.find(", ", at), names.size());
      document += json::Quote(names.substr(at, end - at)) + ":" + text(row, column) + ",";
      at = end + 2;
    }
    document += "}";
    std::string id(rows.Text(row, 0));
    if (table == "pair") id += "|" + std::string(rows.Text(row, 1));
    if (table == "bag") id = document;  // Equal rows are one document.
    documents[id] = document;
  }
  return documents;
}

void History::Compare(const std::string& table) {
  std::map<std::string, std::string> found = Documents(table);
  if (table == "bag") {
    std::map<std::string, std::string> by_content;
    for (const auto& [id, document] : found) {
      EXPECT_TRUE(by_content.emplace(document, document).second) << "twice: " << document;
    }
    found = std::move(by_content);
  }
  EXPECT_EQ(found, Oracle(table)) << table;
}

void History::Finish() {
  for (Writer& writer : writers_) {
    if (writer.open) writer.session->Commit();
    writer.open = false;
  }
  proxy_.Pass();
  Unblock();
  if (definitions_) AwaitDefinitions();
  // Changes every table once more, so that a recently deleted index is noticed at once.
  Exec(
      "INSERT INTO item VALUES (9999, 'end', 1) ON CONFLICT (id) DO UPDATE SET n = 2;"
      "INSERT INTO pair VALUES (9999, 'end', 1); INSERT INTO child VALUES (9999, 9999, 'end');"
      "INSERT INTO bag VALUES (9999, 'end')");
  Settle();
  Repair();
  Settle();
  for (const std::string& table : Tables()) Compare(table);
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.dead_letter"), "0");
}

void History::RunHistory(unsigned seed, int steps) {
  random_.seed(seed);
  Prepare();
  for (int step = 0; step < steps; ++step) Step();
  Finish();
  if (!HasFailure()) return;
  std::string log;
  for (const auto& process : processes_) {
    process->WaitForLine("\n\n", std::chrono::milliseconds(100));
    log += process->err() + "----\n";
  }
  ADD_FAILURE() << "PGSLUICE_SEED=" << seed << " repeats this history:\n" << story_ << log;
}

}  // namespace pgsluice::testing
