// A row that very many documents embed changes: they are synced while other changes continue, and
// in little memory.

#include <fstream>

#include "pgsluice/json/value.h"
#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

constexpr int kDocuments = 50000;

class Fanout : public testing::SyncTest {
 protected:
  void SetUp() override {
    Exec("CREATE TABLE tag (id int PRIMARY KEY, name text)");
    Exec("CREATE TABLE project (id int PRIMARY KEY, name text, about text)");
    Exec(
        "CREATE TABLE project_tag (project_id int REFERENCES project, tag_id int REFERENCES tag, "
        "PRIMARY KEY (project_id, tag_id)); CREATE INDEX ON project_tag (tag_id)");
    Exec("INSERT INTO tag SELECT n, 'tag ' || n FROM generate_series(1, 3) n");
    Exec(
        "INSERT INTO project SELECT n, 'project ' || n, repeat('all about it ', 60) "
        "FROM generate_series(1, " +
        std::to_string(kDocuments + 100) + ") n");
    Exec("INSERT INTO project_tag SELECT n, t FROM generate_series(1, " +
         std::to_string(kDocuments) + ") n, generate_series(1, 2) t");
    Exec("ANALYZE");
    config::Index index;
    index.name = index.table = "project";
    config::Embed tags;
    tags.name = "tags";
    tags.table = "tag";
    tags.through = {{"project_tag", {}}};
    index.embeds = {tags};
    config_.all_tables = false;
    config_.indexes = {index};
  }
  std::int64_t Named(const std::string& name) {
    engine_->Refresh(Alias("project"));
    const http::Response response = engine_->Send(
        {.method = "POST",
         .path = "/" + Alias("project") + "/_count",
         .body = R"({"query":{"nested":{"path":"tags","query":{"term":{"tags.name.keyword":")" +
                 name + R"("}}}}})"});
    const json::Value answer = json::Parse(response.body);
    return answer.Find("count") == nullptr ? -1 : answer.Find("count")->AsInt().value_or(-1);
  }
  /// Fails the test if the condition is not met within half a minute.
  template <typename Condition>
  static void Await(const Condition& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
  void ExpectReadable(int id, const std::string& name) {
    Exec("UPDATE project SET name = '" + name + "' WHERE id = " + std::to_string(id));
    Await([&] {
      return Document("project", std::to_string(id)).find('"' + name + '"') != std::string::npos;
    });
  }
};

#ifndef __has_feature  // clang has it; g++ defines macros instead.
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;  // Memory cannot be measured.
#else
constexpr bool kSanitized = false;
#endif

/// Returns a line of /proc/self/status, in kB.
std::int64_t StatusKb(const std::string& name) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(name + ":", 0) == 0) return std::stoll(line.substr(name.size() + 1));
  }
  return 0;
}

TEST_F(Fanout, OtherChangesDoNotWaitForIt) {
  Start();
  Settle();
  std::ofstream("/proc/self/clear_refs") << "5";  // Resets VmHWM.
  const std::int64_t before = StatusKb("VmRSS");
  Exec("UPDATE tag SET name = 'renamed' WHERE id = 1");
  Await([&] { return Named("renamed") > 0; });
  ExpectReadable(kDocuments + 1, "lone");
  EXPECT_LT(Named("renamed"), kDocuments);
  Settle();
  EXPECT_EQ(Named("renamed"), kDocuments);
  // All documents together have 40 MB.
  if (!kSanitized) {
    EXPECT_LT(StatusKb("VmHWM") - before, 24 * 1024);
  }
}

TEST_F(Fanout, OtherChangesDoNotWaitForTwoOfThem) {
  Start();
  Settle();
  Exec("UPDATE tag SET name = 'first' WHERE id = 1");
  Await([&] { return Named("first") > 0; });
  Exec("UPDATE tag SET name = 'second' WHERE id = 2");
  ExpectReadable(kDocuments + 1, "lone");
  ExpectReadable(kDocuments + 2, "another");
  EXPECT_LT(Named("second"), kDocuments);
  Settle();
  EXPECT_EQ(Named("first"), kDocuments);
  EXPECT_EQ(Named("second"), kDocuments);
}

}  // namespace
}  // namespace pgsluice
