#include "support/sync_fixture.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/loader.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/plan/plan.h"
#include "pgsluice/sync/attach.h"
#include "pgsluice/sync/looks.h"

namespace pgsluice::testing {

namespace {

std::string EngineUrl() {
  const char* url = std::getenv("PGSLUICE_ELASTICSEARCH_URL");
  if (url == nullptr) {
    throw std::runtime_error(
        "PGSLUICE_ELASTICSEARCH_URL is not set: run scripts/services start, then "
        "eval \"$(scripts/services env)\"");
  }
  return url;
}

std::string UniquePrefix() {
  static std::atomic<int> count{0};
  return "t" + std::to_string(getpid()) + "x" + std::to_string(++count) + "-";
}

}  // namespace

std::string Comparable(const json::Value& value) {
  if (value.IsArray()) {
    std::string text = "[";
    for (const json::Value& item : value.items) text += Comparable(item) + ",";
    return text + "]";
  }
  if (!value.IsObject()) return json::ToText(value);
  std::map<std::string, std::string> members;
  for (const auto& [name, member] : value.members) {
    if (name.rfind("__", 0) != 0) members[name] = Comparable(member);
  }
  std::string text = "{";
  for (const auto& [name, member] : members) text += json::Quote(name) + ":" + member + ",";
  return text + "}";
}

SyncProcess::SyncProcess(config::Config config)
    : config_(std::move(config)),
      engine_(engine::MakeTransport(config_.elasticsearch)),
      service_(std::make_unique<sync::Service>(config_, engine_, monitor_, true)) {}

SyncTest::SyncTest() : prefix_(UniquePrefix()) { Configure(); }

SyncTest::SyncTest(const std::string& server) : db_(server), prefix_(UniquePrefix()) {
  Configure();
}

void SyncTest::Configure() {
  config_.database.url = db_.url();
  config_.elasticsearch.urls = {EngineUrl()};
  config_.elasticsearch.index_prefix = prefix_;
  engine_ = std::make_unique<engine::Engine>(engine::MakeTransport(config_.elasticsearch));
}

SyncTest::~SyncTest() {
  process_.reset();
  try {
    engine_->Send({.method = "DELETE", .path = "/" + prefix_ + "*", .body = {}});
    std::vector<std::filesystem::path> left;  // configuration files
    for (const auto& entry : std::filesystem::directory_iterator(::testing::TempDir())) {
      if (entry.path().filename().string().starts_with(prefix_)) left.push_back(entry.path());
    }
    for (const std::filesystem::path& file : left) std::filesystem::remove(file);
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
}

void SyncTest::Attach() {
  pg::Session session(db_.options());
  const catalog::Catalog catalog = catalog::Catalog::Load(session);
  config::Findings findings;
  const auto plans = plan::BuildPlans(config_, catalog, session, findings);
  for (const config::Finding& finding : findings) {
    if (!finding.warning) ADD_FAILURE() << finding.place << ": " << finding.message;
  }
  sync::Attach(session, plans);
}

void SyncTest::ConfigureIndexes(const std::string& text) {
  config::Findings findings;
  const config::Config loaded = config::LoadText(
      "pgsluice.json", text, {}, [](const std::string&) { return std::nullopt; }, findings);
  for (const config::Finding& finding : findings) {
    if (!finding.warning) ADD_FAILURE() << finding.place << ": " << finding.message;
  }
  config_.all_tables = false;
  config_.indexes = loaded.indexes;
}

void SyncTest::Start() {
  db_.Migrate();
  Attach();
  process_ = std::make_unique<SyncProcess>(config_);
  process_->Start();
}

bool SyncTest::IndexesAreKnown(pg::Session& session) {
  const pg::Result rows = session.Exec(
      "SELECT physical, uuid, config_hash FROM pgsluice.index_state "
      "WHERE state <> 'not_configured'");
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const std::string physical(rows.Text(row, 0));
    const http::Response response = engine_->Send(
        {.path = "/" + physical + "/_settings?filter_path=*.settings.index.uuid", .body = {}});
    if (response.status != 200 || rows.Text(row, 2).empty()) return false;
    const json::Value answer = json::Parse(response.body);
    const json::Value* uuid = answer.Find({physical, "settings", "index", "uuid"});
    if (uuid == nullptr || uuid->text != rows.Text(row, 1)) return false;
  }
  return true;
}

void SyncTest::Settle() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(4);
  pg::Session session(db_.options());
  const std::string busy =
      "SELECT EXISTS (SELECT FROM pgsluice.outbox) OR EXISTS (SELECT FROM pgsluice.backfill) OR "
      "NOT EXISTS (SELECT FROM pgsluice.index_state)";
  bool looked = false;
  while (!(looked = looked || sync::ReadLooks(session).all) || !IndexesAreKnown(session) ||
         session.Exec(busy).Bool(0, 0)) {
    if (std::chrono::steady_clock::now() > deadline) {
      FAIL() << "not settled after four minutes: "
             << session.Exec("SELECT count(*) FROM pgsluice.outbox").Text(0, 0) << " events and "
             << session.Exec("SELECT count(*) FROM pgsluice.backfill").Text(0, 0)
             << " backfill pieces are left"
             << (looked ? "" : "; not every process has looked at the tables");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  engine_->Refresh(prefix_ + "*");
}

std::map<std::string, std::string> SyncTest::Documents(const std::string& index) {
  std::map<std::string, std::string> documents;
  for (std::string after;;) {
    const auto page = engine_->Ids(Alias(index), after, 1000, true);
    if (page.ids.empty()) return documents;
    for (std::size_t i = 0; i < page.ids.size(); ++i) {
      documents[page.ids[i]] = Comparable(json::Parse(page.documents[i]));
    }
    after = page.next;
  }
}

void SyncTest::ExpectIndex(const std::string& index, const std::string& oracle) {
  Settle();
  std::map<std::string, std::string> wanted;
  pg::Session session(db_.options());
  session.Exec("SET search_path = public");
  const pg::Result rows = session.Exec(oracle);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    wanted[std::string(rows.Text(row, 0))] = Comparable(json::Parse(rows.Text(row, 1)));
  }
  const auto found = Documents(index);
  for (const auto& [id, document] : wanted) {
    const auto at = found.find(id);
    if (at == found.end()) {
      ADD_FAILURE() << index << ": document " << id << " is missing";
    } else {
      EXPECT_EQ(at->second, document) << index << ": document " << id << " is stale";
    }
  }
  for (const auto& [id, document] : found) {
    if (!wanted.contains(id)) ADD_FAILURE() << index << ": document " << id << " is an orphan";
  }
}

std::string SyncTest::Document(const std::string& index, const std::string& id) {
  const http::Response response =
      engine_->Send({.path = "/" + Alias(index) + "/_doc/" + http::Encode(id), .body = {}});
  if (response.status != 200) return {};
  const json::Value answer = json::Parse(response.body);
  const json::Value* source = answer.Find("_source");
  return source == nullptr ? std::string() : Comparable(*source);
}

}  // namespace pgsluice::testing
