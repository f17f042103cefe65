// The part of a history that changes definitions.

#include <csignal>
#include <fstream>
#include <thread>

#include "histories/history.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::testing {

namespace {

constexpr const char* kIndexes =
    R"({"item": {"table": "item"}, "pair": {"table": "pair"}, "child": {"table": "child"}, "bag": {"table": "bag"}})";
// Has only some of the indexes, and defines one of them differently.
constexpr const char* kOthers =
    R"({"item": {"table": "item", "columns": ["id", "n"]}, "child": {"table": "child"}})";

void WriteConfig(const std::string& file, const std::string& prefix, const char* indexes) {
  std::ofstream(file) << R"({"elasticsearch": {"index_prefix": )" << json::Quote(prefix)
                      << R"(}, "indexes": )" << indexes << "}";
}

}  // namespace

void History::Configure() {
  ConfigureIndexes(R"({"indexes": )" + std::string(kIndexes) + "}");
  WriteConfig(config_file_, prefix_, kIndexes);
  WriteConfig(config_file_ + ".other", prefix_, kOthers);
}

void History::RunBeside() {
  if (beside_) {
    const bool kill = Random(2) == 0;
    Note(kill ? "the other process is killed" : "the other process is stopped");
    beside_->Signal(kill ? SIGKILL : SIGTERM);
    EXPECT_NE(beside_->Wait(std::chrono::seconds(15)), -1);
    beside_.reset();
    return;
  }
  Note("a process with another configuration starts");
  const std::string own = config_file_;
  config_file_ += ".other";
  beside_ = RunBinary("sync");
  config_file_ = own;
}

void History::ChangeDefinition() {
  if (Random(2) == 0) return RunBeside();
  static const std::vector<std::string> changes = {
      "BEGIN; DROP TABLE pair; CREATE TABLE pair (a int, b text, v int, PRIMARY KEY (a, b)); "
      "INSERT "
      "INTO pair SELECT g % 5, 'b' || g, -g FROM generate_series(1, 30) g; COMMIT",
      "CREATE TABLE pair_new (LIKE pair INCLUDING ALL); INSERT INTO pair_new SELECT a, b, -v FROM "
      "pair "
      "WHERE a > 2; BEGIN; ALTER TABLE pair RENAME TO pair_old; ALTER TABLE pair_new RENAME TO "
      "pair; "
      "COMMIT; UPDATE pair SET v = v + 1; DROP TABLE pair_old",
      "CREATE SCHEMA attic; ALTER TABLE pair SET SCHEMA attic; UPDATE attic.pair SET v = v + 1; "
      "ALTER "
      "TABLE attic.pair SET SCHEMA public; DROP SCHEMA attic",
      "ALTER TABLE pair RENAME v TO w; UPDATE pair SET w = w + 1; ALTER TABLE pair RENAME w TO v",
      "SELECT pgsluice.detach('pair'); UPDATE pair SET v = v + 1; DELETE FROM pair WHERE a = 3",
      "ALTER TABLE pair DISABLE TRIGGER USER; UPDATE pair SET v = v + 1; DELETE FROM pair WHERE a "
      "= 2",
      "ALTER TABLE item DISABLE TRIGGER USER; UPDATE item SET n = n + 1; ALTER TABLE item ENABLE "
      "TRIGGER USER"};
  // No session of ours may hold a lock on the tables.
  for (Writer& writer : writers_) {
    if (writer.open) writer.session->Commit();
    writer.open = false;
  }
  const std::string& change = changes[random_() % changes.size()];
  Note(change);
  pg::Session session(db_.options());
  session.Exec("SET search_path = public");
  // One by one, because a text with several statements would be one transaction.
  for (std::size_t at = 0; at < change.size();) {
    const std::size_t end = std::min(change.find("; ", at), change.size());
    session.Exec(change.substr(at, end - at));
    at = end + 2;
  }
}

void History::AwaitDefinitions() {
  if (beside_) RunBeside();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  const std::string noticed = R"sql(
    SELECT NOT EXISTS (SELECT FROM pgsluice.process WHERE lost_at IS NOT NULL)
       AND NOT pgsluice.needs_attention()
       AND NOT EXISTS (
         SELECT FROM unnest(ARRAY['item', 'pair', 'child', 'bag']) AS name
         LEFT JOIN pgsluice.index_state i ON i.index_name = name
         LEFT JOIN pgsluice.need n ON n.process IS NULL AND n.index_name = name
         LEFT JOIN pgsluice.source s ON s.is_current
           AND s.relation = to_regclass('public.' || quote_ident(name))
         WHERE coalesce(i.config_hash, '') = '' OR n.relation IS DISTINCT FROM s.relation::oid
            OR NOT s.members @> pgsluice.trigger_states(s.relation, s.id)
            OR NOT pgsluice.is_attached(s.id)))sql";
  while (db_.Text(noticed) != "t") {
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "a change of a definition was not noticed";
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace pgsluice::testing
