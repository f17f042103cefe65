// Every name that PostgreSQL accepts works for tables, columns and schemas, also together.

#include <gmock/gmock.h>
#include <spdlog/fmt/fmt.h>

#include <map>

#include "pgsluice/json/writer.h"
#include "pgsluice/plan/engine_path.h"
#include "support/command_fixture.h"
#include "support/names.h"

namespace pgsluice {
namespace {

std::string Q(const std::string& name) { return pg::Session::QuoteName(name); }

class Names : public testing::CommandTest {
 protected:
  /// Migrates and runs the binary until every index is live.
  void Begin(std::size_t indexes) {
    const testing::Outcome migrated = Run({"migrate", "up"});
    ASSERT_EQ(migrated.code, 0) << migrated.err;
    const std::string port = std::to_string(testing::FreePort());
    service_ = CommandTest::Begin({"run", "--listen", "127.0.0.1:" + port});
    http::ClientOptions options;
    options.urls = {"http://127.0.0.1:" + port};
    client_ = http::MakeClient(options);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    const std::string live = "SELECT count(*) FROM pgsluice.index_state WHERE state = 'live'";
    while (db_.Text(live) != std::to_string(indexes)) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << db_.Text(live) << " are live";
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    Wait();
  }
  void Wait() {
    const testing::Outcome waited = Run({"wait", "--timeout", "60s"});
    ASSERT_EQ(waited.code, 0) << waited.err;
  }
  json::Value Ask(const std::string& path, const std::string& body = {}) {
    answers_.push_back(
        client_->Send({.method = body.empty() ? "GET" : "POST", .path = path, .body = body}));
    EXPECT_EQ(answers_.back().status, 200) << path << " " << body << ": " << answers_.back().body;
    return answers_.back().status == 200 ? json::Parse(answers_.back().body) : json::Value();
  }
  /// Returns how many documents of an index match a filter tree.
  std::int64_t Count(const std::string& index, const std::string& tree) {
    const json::Value answer =
        Ask("/v1/" + http::Encode(index) + "/count", R"({"filter":)" + tree + "}");
    const json::Value* value = answer.Find("count");
    if (value == nullptr) value = answer.Find({"total", "value"});
    return value == nullptr ? -1 : value->AsInt().value_or(-1);
  }
  void ExpectVerified() {
    const testing::Outcome verified = Run({"verify"});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  }
  /// Returns the index of each table, as in /v1/indexes.
  std::map<std::string, std::string> Indexes() {
    std::map<std::string, std::string> indexes;
    const json::Value answer = Ask("/v1/indexes");
    const json::Value* list = answer.Find("indexes");
    if (list == nullptr) return indexes;
    for (const json::Value& index : list->items) {
      indexes[index.Find("table")->text] = index.Find("name")->text;
    }
    return indexes;
  }
  /// Checks that two rows of a table (id int, v text), one of them without text, are found in every
  /// way.
  void ExpectRows(const std::string& index, const std::string& word) {
    SCOPED_TRACE(index);
    const std::string path = "/v1/" + http::Encode(index);
    EXPECT_EQ(Ask(path + "/search?q=" + word + "&filter=id%20%3E%200").Find("hits")->items.size(),
              1U);
    EXPECT_EQ(Count(index, R"({"v":{"is_null":true}})"), 1);
    EXPECT_EQ(Count(index, R"({"v":{"is_null":false}})"), 1);
    Ask(path + "/docs/1");
    Ask(path + "/facets/v");
  }

  std::unique_ptr<testing::Process> service_;
  std::unique_ptr<http::Transport> client_;
  std::vector<http::Response> answers_;
};

TEST_F(Names, OfTables) {
  const std::vector<std::string> names = testing::OddNames();
  for (const std::string& name : names) {
    Exec(
        fmt::format("CREATE TABLE public.{0} (id int PRIMARY KEY, v text); INSERT INTO "
                    "public.{0} VALUES (1, 'first'), (2, NULL)",
                    Q(name)));
  }
  ASSERT_NO_FATAL_FAILURE(Begin(names.size()));
  for (const std::string& name : names) {
    Exec(fmt::format("UPDATE public.{} SET v = 'second' WHERE id = 1", Q(name)));
  }
  ASSERT_NO_FATAL_FAILURE(Wait());
  const std::map<std::string, std::string> indexes = Indexes();
  EXPECT_EQ(indexes.size(), names.size());
  for (const auto& [table, index] : indexes) ExpectRows(index, "second");
  ExpectVerified();
}

TEST_F(Names, OfColumns) {
  std::vector<std::string> names = testing::OddNames();
  names.insert(names.end(), {"a_b", "a^b", "FROM ONLY {relation}", "\x01", "__raw:a", "new_rows"});
  std::string columns = "id int PRIMARY KEY";
  for (const std::string& name : names) {
    columns += ", " + Q(name) + " text";
  }
  columns += R"(, "*i" int, "*d" date, "*j" jsonb, "*n" numeric)";
  Exec("CREATE TABLE odd (" + columns + ")");
  Exec("INSERT INTO odd (id) VALUES (1), (2)");
  ASSERT_NO_FATAL_FAILURE(Begin(1));
  const std::string set = [&] {
    std::string list;
    for (const std::string& name : names) list += Q(name) + " = 'word', ";
    return list + R"("*i" = 1, "*d" = '2020-02-02', "*j" = '{"*": 1}', "*n" = 1.50)";
  }();
  Exec("UPDATE odd SET " + set + " WHERE id = 1");
  ASSERT_NO_FATAL_FAILURE(Wait());
  const json::Value answer = Ask("/v1/odd/docs/1");
  const json::Value* document = answer.Find("document");
  ASSERT_NE(document, nullptr);
  EXPECT_EQ(document->members.size(), names.size() + 5) << json::ToText(*document);
  for (const std::string& name : names) {
    const json::Value* value = document->Find(plan::FieldNameOf(name, true, false));
    EXPECT_TRUE(value != nullptr && value->text == "word") << name;
  }
  std::size_t fields = 0;
  const json::Value described = Ask("/v1/indexes/odd");
  for (const json::Value& field : described.Find("fields")->items) {
    const std::string& path = field.Find("path")->text;
    SCOPED_TRACE(path);
    ++fields;
    const bool key = path == "id";
    EXPECT_EQ(Count("odd", "{" + json::Quote(path) + R"(:{"is_null":true}})"), key ? 0 : 1);
    EXPECT_EQ(Count("odd", "{" + json::Quote(path) + R"(:{"is_null":false}})"), key ? 2 : 1);
    if (field.Find("type")->text != "text") continue;
    EXPECT_EQ(Count("odd", "{" + json::Quote(path) + R"(:{"eq":"word"}})"), 1);
    const std::string sort = path.find(':') == std::string::npos ? path : "id";
    const json::Value found =
        Ask("/v1/odd/search", R"({"q":"word","q_fields":{)" + json::Quote(path) +
                                  R"(:2},"sort":[)" + json::Quote(sort) + R"(],"facets":[)" +
                                  json::Quote(path) + R"(],"fields":[)" + json::Quote(path) + "]}");
    const json::Value* hits = found.Find("hits");
    ASSERT_NE(hits, nullptr);
    EXPECT_EQ(hits->items.size(), 1U);
  }
  EXPECT_EQ(fields, names.size() + 5);
  ExpectVerified();
}

TEST_F(Names, OfSchemas) {
  std::string indexes;
  std::size_t count = 0;
  for (const std::string& name : testing::OddNames()) {
    if (name == "public" || name == "pgsluice") continue;
    Exec(
        fmt::format("CREATE SCHEMA {0}; CREATE TABLE {0}.{0} (id int PRIMARY KEY, v text); INSERT "
                    "INTO {0}.{0} VALUES (1, 'first'), (2, NULL)",
                    Q(name)));
    std::string table = json::Quote(Q(name) + "." + Q(name));
    if (name == "${HOME}") table = R"("\"$${HOME}\".\"$${HOME}\"")";
    indexes += fmt::format(R"({}"s{}": {{"table": {}}})", count == 0 ? "" : ", ", count, table);
    ++count;
  }
  more_config_ = R"(, "indexes": {)" + indexes + "}";
  ASSERT_NO_FATAL_FAILURE(Begin(count));
  for (const std::string& name : testing::OddNames()) {
    if (name == "public" || name == "pgsluice") continue;
    Exec(fmt::format("UPDATE {0}.{0} SET v = 'second' WHERE id = 1", Q(name)));
  }
  ASSERT_NO_FATAL_FAILURE(Wait());
  for (std::size_t i = 0; i < count; ++i) ExpectRows("s" + std::to_string(i), "second");
  ExpectVerified();
}

// The output of `config init` defines the same indexes as no configuration.
TEST_F(Names, AsConfigInitWritesThem) {
  const std::vector<std::string> names = testing::OddNames();
  for (const std::string& name : names) {
    Exec(fmt::format("CREATE TABLE public.{} (id int PRIMARY KEY)", Q(name)));
  }
  const testing::Outcome written = Run({"config", "init"});
  ASSERT_EQ(written.code, 0) << written.err;
  const std::string file = ::testing::TempDir() + prefix_ + "init.json";
  std::ofstream(file) << written.out;
  const testing::Outcome checked = testing::RunPgsluice(
      {"config", "check", "--config", file},
      {.environment = {{"PGSLUICE_DATABASE_URL", db_.url()},
                       {"PGSLUICE_ELASTICSEARCH_URL", config_.elasticsearch.urls[0]}}});
  EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
}

}  // namespace
}  // namespace pgsluice
