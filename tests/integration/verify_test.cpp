#include "pgsluice/sync/verify.h"

#include <gmock/gmock.h>

#include <thread>

#include "pgsluice/pg/pool.h"
#include "pgsluice/sync/consistency.h"
#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Verify : public testing::SyncTest {
 protected:
  void SetUp() override {
    Exec("CREATE TABLE item (id int PRIMARY KEY, price numeric(10,2))");
    Exec("INSERT INTO item SELECT n, n FROM generate_series(1, 3000) n");
    Start();
    Settle();
  }
  /// Returns "kind id" for every difference.
  std::vector<std::string> Differences(bool repair = false) {
    pg::Session session(db_.options());
    pg::Pool pool(db_.options(), 1);
    observe::Registry registry;
    sync::Monitor monitor(registry);
    sync::Consistency consistency(pool, monitor);
    sync::Verifier verifier(session, *engine_, consistency);
    const auto index = process_->service().registry().Current()->indexes.at("item");
    std::vector<sync::Difference> found;
    const sync::VerifyReport report =
        verifier.Verify(*index, [&](const sync::Difference& d) { found.push_back(d); });
    EXPECT_EQ(report.differences, static_cast<std::int64_t>(found.size()));
    if (repair) verifier.Repair(*index, found);
    std::vector<std::string> texts;
    for (const sync::Difference& d : found) texts.push_back(d.kind + (" " + d.id));
    return texts;
  }
  /// Raises our versions above those of the damaged documents, which the engine incremented by one.
  void GoOn() {
    for (int i = 0; i < 3; ++i) Exec("UPDATE item SET price = price WHERE id = 1");
  }
  void Damage(const std::string& method, const std::string& id, const std::string& body = {}) {
    const http::Response response = engine_->Send(
        {.method = method, .path = "/" + Alias("item") + "/_doc/" + id, .body = body});
    ASSERT_LT(response.status, 300) << response.body;
  }
};

TEST_F(Verify, EqualIsEqual) { EXPECT_THAT(Differences(), IsEmpty()); }

TEST_F(Verify, FindsAndRepairsWhatWasDamaged) {
  Damage("DELETE", "7");
  Damage("PUT", "8", R"({"id":8,"price":8.0,"__id":"8"})");  // A digit is missing.
  Damage("PUT", "9999", R"({"id":9999,"price":1.00,"__id":"9999"})");
  GoOn();
  EXPECT_THAT(Differences(true), UnorderedElementsAre("missing 7", "stale 8", "orphan 9999"));
  Settle();
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(Verify, ChangesInFlightAreNotDifferences) {
  std::jthread writer([&](const std::stop_token& stop) {
    pg::Session session(db_.options());
    while (!stop.stop_requested()) {
      session.Exec("UPDATE public.item SET price = price + 1 WHERE id % 100 = 0");
    }
  });
  EXPECT_THAT(Differences(), IsEmpty());
}

class VerifyRouted : public Verify {
 protected:
  void SetUp() override {
    Exec("CREATE TABLE item (id int PRIMARY KEY, price numeric(10,2), tenant text)");
    Exec("INSERT INTO item SELECT n, n, 't' || n FROM generate_series(1, 300) n");
    ConfigureIndexes(R"({"indexes": {"item": {"table": "item", "routing": "tenant",
        "settings": {"number_of_shards": 3}}}})");
    Start();
    Settle();
  }
};

TEST_F(VerifyRouted, FindsAndRepairsDocumentsUnderOtherRoutings) {
  EXPECT_THAT(Differences(), IsEmpty());
  const std::string ours = R"({"id":5,"price":5.00,"tenant":"t5","__id":"5"})";
  for (const char* other : {"a", "b", "c", "d", "e"}) {
    Damage("PUT", "5?routing=" + std::string(other), ours);
  }
  engine_->Refresh(Alias("item"));
  EXPECT_GT(engine_->Count(Alias("item")), 300);
  Damage("DELETE", "6?routing=t6");
  Damage("PUT", "6?routing=a", R"({"id":6,"price":6.00,"tenant":"t6","__id":"6"})");
  GoOn();
  EXPECT_THAT(Differences(true), UnorderedElementsAre("stale 5", "stale 6"));
  Settle();
  EXPECT_THAT(Differences(), IsEmpty());
  EXPECT_EQ(engine_->Count(Alias("item")), 300);
}

}  // namespace
}  // namespace pgsluice
