#include "pgsluice/engine/engine.h"

#include <gmock/gmock.h>

#include "pgsluice/base/error.h"
#include "support/engine_sandbox.h"

namespace pgsluice::engine {
namespace {

using ::testing::ElementsAre;
using testing::EngineSandbox;
using ::testing::IsEmpty;

constexpr std::chrono::seconds kTimeout{30};
constexpr std::int64_t kEpoch = std::int64_t{1} << 48;
constexpr const char* kBody =
    R"({"settings":{"index.number_of_replicas":0},"mappings":{"dynamic":false,)"
    R"("_meta":{"pgsluice":{"format":1}},"properties":{"__id":{"type":"keyword"},)"
    R"("n":{"type":"integer"}}}})";

class EngineTest : public ::testing::Test {
 protected:
  std::string Make(const std::string& name) {
    engine().CreateIndex(sandbox_.Name(name), kBody);
    return sandbox_.Name(name);
  }
  Engine& engine() { return sandbox_.engine(); }
  std::string MakeAlias(const std::string& name) { return sandbox_.MakeAlias(name, kBody); }
  BulkResult Write(const BulkBody& body) { return engine().Bulk(body, kTimeout); }
  std::string Document(const std::string& index, const std::string& id) {
    return sandbox_.Get("/" + index + "/_doc/" + id + "?filter_path=_source,_version");
  }

  EngineSandbox sandbox_;
};

TEST_F(EngineTest, IsRecognised) {
  const Flavor& flavor = engine().Detect();
  EXPECT_FALSE(flavor.version.empty());
  EXPECT_EQ(flavor.Name().find(flavor.opensearch ? "OpenSearch" : "Elasticsearch"), 0U);
}

TEST_F(EngineTest, OlderStatesNeverReplaceNewerOnes) {
  const std::string index = MakeAlias("a");
  BulkBody body(index);
  body.Index("1", R"({"n":2})", kEpoch + 2);
  body.Index("2", R"({"n":2})", kEpoch + 2);
  EXPECT_TRUE(Write(body).all_done);

  BulkBody old(index);
  old.Index("1", R"({"n":1})", kEpoch + 1);
  old.Delete("2", kEpoch + 1);
  old.Delete("never", kEpoch + 1);
  old.Index("3", R"({"n":1})", kEpoch + 2);
  const BulkResult result = Write(old);
  ASSERT_EQ(result.items.size(), 4U);
  for (const ItemResult& item : result.items) EXPECT_EQ(item.outcome, Outcome::kDone) << item.error;
  EXPECT_EQ(result.items[0].status, 409);
  EXPECT_NE(Document(index, "1").find(R"("n":2)"), std::string::npos);
  EXPECT_NE(Document(index, "2").find(R"("n":2)"), std::string::npos);
}

TEST_F(EngineTest, TheSameVersionMayBeWrittenAgain) {
  BulkBody body(MakeAlias("a"));
  body.Index("1", R"({"n":1})", 5);
  EXPECT_TRUE(Write(body).all_done);
  EXPECT_TRUE(Write(body).all_done);
}

TEST_F(EngineTest, DeletionsNeverCreateAnIndexInsteadOfAnAlias) {
  BulkBody body(sandbox_.Name("gone"));
  body.Delete("1", 5);
  EXPECT_TRUE(Write(body).index_missing);
  EXPECT_FALSE(engine().IndexExists(body.index()));

  engine().SwapAlias(body.index(), {}, Make("there"));
  body.Delete("2", 5);
  const BulkResult result = Write(body);
  ASSERT_EQ(result.items.size(), 2U);
  for (const ItemResult& item : result.items) EXPECT_EQ(item.outcome, Outcome::kDone) << item.error;
  EXPECT_EQ(engine().Count(body.index()), 0);
}

TEST_F(EngineTest, ALateWriteDoesNotBringADeletedDocumentBack) {
  const std::string index = MakeAlias("a");
  BulkBody removal(index);
  removal.Delete("1", 9);
  Write(removal);
  BulkBody late(index);
  late.Index("1", R"({"n":1})", 8);
  const BulkResult result = Write(late);
  ASSERT_EQ(result.items.size(), 1U);
  EXPECT_EQ(result.items[0].status, 409);
  engine().Refresh(index);
  EXPECT_EQ(engine().Count(index), 0);
}

TEST_F(EngineTest, OneBadDocumentDoesNotHoldUpTheOthers) {
  const std::string index = MakeAlias("a");
  BulkBody body(index);
  body.Index("1", R"({"n":1})", 1);
  body.Index("2", R"({"n":"no number"})", 1);
  body.Index("3", R"({"n":3})", 1);
  const BulkResult result = Write(body);
  ASSERT_EQ(result.items.size(), 3U);
  EXPECT_EQ(result.items[0].outcome, Outcome::kDone);
  EXPECT_EQ(result.items[1].outcome, Outcome::kRejected);
  EXPECT_FALSE(result.items[1].error.empty());
  EXPECT_EQ(result.items[2].outcome, Outcome::kDone);
}

TEST_F(EngineTest, AMissingAliasIsNotCreatedByWriting) {
  BulkBody body(sandbox_.Name("gone"));
  body.Index("1", "{}", 1);
  body.Delete("2", 1);
  const BulkResult result = Write(body);
  EXPECT_TRUE(result.index_missing);
  EXPECT_FALSE(engine().IndexExists(sandbox_.Name("gone")));
}

TEST_F(EngineTest, AliasesAreSwappedInOneStep) {
  const std::string first = Make("p-000001");
  const std::string second = Make("p-000002");
  const std::string alias = sandbox_.Name("p");
  EXPECT_THAT(engine().AliasTargets(alias), IsEmpty());
  engine().SwapAlias(alias, {}, first);
  EXPECT_THAT(engine().AliasTargets(alias), ElementsAre(first));
  engine().SwapAlias(alias, {first}, second);
  EXPECT_THAT(engine().AliasTargets(alias), ElementsAre(second));
  BulkBody body(alias);
  body.Index("1", "{}", 1);
  EXPECT_TRUE(Write(body).all_done);
}

TEST_F(EngineTest, IdsAreListedInPagesInByteOrder) {
  const std::string index = MakeAlias("a");
  BulkBody body(index);
  for (const char* id : {"b", "a", "Z", "é", "10", "9"}) {
    body.Index(id, std::string(R"({"__id":")") + id + R"(","big":12345678901234567890.10})", 1);
  }
  EXPECT_TRUE(Write(body).all_done);
  engine().Refresh(index);
  const Engine::IdPage first = engine().Ids(index, "", 4, false);
  EXPECT_THAT(first.ids, ElementsAre("10", "9", "Z", "a"));
  const Engine::IdPage rest = engine().Ids(index, first.next, 4, true);
  EXPECT_THAT(rest.ids, ElementsAre("b", "é"));
  EXPECT_THAT(rest.documents[0], ::testing::HasSubstr("12345678901234567890.10"));
  EXPECT_THAT(engine().Ids(index, rest.next, 4, true).ids, IsEmpty());
}

// Documents of another program: without our field, with the field of another document, and in
// several shards with the same sequence numbers.
TEST_F(EngineTest, IdsOfForeignDocumentsAreListedOnce) {
  const std::string index =
      sandbox_.MakeAlias("a", R"({"settings":{"number_of_shards":5},"mappings":{"dynamic":false,)"
                              R"("properties":{"__id":{"type":"keyword"}}}})");
  BulkBody body(index);
  for (int i = 0; i < 60; ++i) {
    const std::string id = std::to_string(i);
    const std::string source = i % 3 == 0   ? R"({"__id":")" + id + R"("})"
                               : i % 3 == 1 ? R"({"__id":"same"})"
                                            : "{}";
    body.Index(id, source, 1);
  }
  EXPECT_TRUE(Write(body).all_done);
  engine().Refresh(index);
  for (const int size : {6, 7, 59, 1000}) {
    std::map<std::string, int> seen;
    int pages = 0;
    for (std::string after;; ++pages) {
      const Engine::IdPage page = engine().Ids(index, after, size, false);
      if (page.ids.empty()) break;
      ASSERT_LT(pages, 30);
      for (const std::string& id : page.ids) ++seen[id];
      after = page.next;
    }
    EXPECT_EQ(seen.size(), 60U) << size;
    for (const auto& [id, times] : seen) EXPECT_EQ(times, 1) << id;
  }
}

TEST_F(EngineTest, MappingsAndSettingsCanBeReadAndExtended) {
  const std::string index = Make("a");
  engine().PutMapping(index, R"({"properties":{"added":{"type":"keyword"}}})");
  engine().PutSettings(index, R"({"index":{"refresh_interval":"5s"}})");
  const json::Value mapping = engine().GetMapping(index);
  EXPECT_NE(mapping.Find({"properties", "added"}), nullptr);
  EXPECT_NE(mapping.Find({"_meta", "pgsluice"}), nullptr);
  EXPECT_THROW(engine().PutMapping(index, R"({"properties":{"n":{"type":"text"}}})"), Error);
}

TEST_F(EngineTest, CreatingTwiceIsRefusedDeletingTwiceIsNot) {
  const std::string index = Make("a");
  try {
    engine().CreateIndex(index, kBody);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.disposition(), Disposition::kReject);
  }
  engine().DeleteIndex(index);
  engine().DeleteIndex(index);
  EXPECT_FALSE(engine().IndexExists(index));
}

}  // namespace
}  // namespace pgsluice::engine
