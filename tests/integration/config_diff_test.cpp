// Shows what a configuration would change before it is put in force.

#include <gmock/gmock.h>

#include "pgsluice/json/value.h"
#include "support/command_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

class ConfigDiff : public CommandTest {
 protected:
  void SetUp() override {
    Exec("CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'one')");
    ConfigureIndexes(R"({"indexes": {"item": {}}})");
    Start();
    Settle();
    process_->Stop();
    process_.reset();
  }
  /// Returns "change: reason" for an index.
  std::string Change(const std::string& indexes, const std::string& index = "item") {
    more_config_ = R"(, "indexes": {)" + indexes + "}";
    const Outcome outcome = Run({"config", "diff", "--json"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const json::Value all = json::Parse(outcome.out);
    const json::Value* found = all.Find({"indexes", index});
    if (found == nullptr) return "none in " + outcome.out;
    return found->Find("change")->text + ": " + found->Find("reason")->text;
  }
};

TEST_F(ConfigDiff, NamesTheChangeAndTheReason) {
  EXPECT_EQ(Change(R"("item": {})"), "nothing: ");
  EXPECT_THAT(Change(R"("item": {"settings": {"refresh_interval": "7s"}})"),
              HasSubstr("settings: "));
  EXPECT_THAT(Change(R"("item": {"settings": {"number_of_shards": 3}})"), HasSubstr("reindex: "));
  EXPECT_THAT(Change(R"("item": {"mapping": {"name": {"type": "keyword"}}})"),
              HasSubstr("reindex: "));
  EXPECT_EQ(Change(R"("item": {"rename": {"name": "title"}})"),
            "refill: new fields: title; removed fields: name");
  EXPECT_THAT(Change(R"("item": {"columns": ["id", "nmae"]})"), HasSubstr("broken: "));
  EXPECT_THAT(Change(R"("item": {}, "more": {"table": "item"})", "more"), HasSubstr("new: "));
  EXPECT_THAT(Change(R"("more": {"table": "item"})"), HasSubstr("not configured: "));
  // Nothing was changed, and no copy was left behind.
  EXPECT_EQ(Change(R"("item": {})"), "nothing: ");
  EXPECT_EQ(engine_->Uuids(prefix_ + "*").size(), 1U);
}

}  // namespace
}  // namespace pgsluice::testing
