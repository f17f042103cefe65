#include "pgsluice/plan/index_names.h"

#include <gmock/gmock.h>

#include <set>

#include "pgsluice/base/lower.h"
#include "pgsluice/config/values.h"
#include "support/names.h"

namespace pgsluice::plan {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

std::vector<std::string> Names(const std::vector<std::string>& tables,
                               const PresentIndexes& present = {}) {
  std::vector<catalog::Table> made(tables.size());
  std::vector<const catalog::Table*> pointers;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    made[i].name = tables[i];
    made[i].oid = static_cast<std::uint32_t>(100 + i);
    pointers.push_back(&made[i]);
  }
  return IndexNames(pointers, present);
}

TEST(IndexNames, AreWhatEnginesTake) {
  std::vector<std::string> tables = pgsluice::testing::OddNames();
  tables.insert(tables.end(), {"sync", "indexes", std::string(63, '/'), "t", "t-000001"});
  const std::vector<std::string> names = Names(tables);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), tables.size());
  for (const std::string& name : names) {
    EXPECT_EQ(config::CheckIndexName("", name).value_or(""), "") << name;
  }
}

TEST(IndexNames, AreTheTablesNamesInLowerCase) {
  EXPECT_EQ(IndexNameOf("Order"), "order");
  EXPECT_EQ(IndexNameOf("Ünïcode tablé"), "ünïcode_tablé");
  EXPECT_EQ(IndexNameOf("100%"), "100%");
  EXPECT_EQ(IndexNameOf("a/b"), "a_b");
  EXPECT_EQ(IndexNameOf("-dash"), "x-dash");
  EXPECT_EQ(IndexNameOf("sync"), "xsync");
}

TEST(IndexNames, OfSeveralTablesThatWouldBeOne) {
  EXPECT_THAT(Names({"Order", "order"}), ElementsAre(StartsWith("order-"), "order"));
  EXPECT_THAT(Names({"a/b", "a|b"}), ElementsAre("a_b", StartsWith("a_b-")));
  EXPECT_EQ(Names({"Order", "order"})[0], Names({"order", "Order"})[1]);
}

// A table that is created later, or dropped, does not change the name of any other index.
TEST(IndexNames, StayWithTheirTables) {
  EXPECT_THAT(Names({"Order", "order"}, {{"order", 100}}),
              ElementsAre("order", StartsWith("order-")));
  const std::string second = Names({"a/b", "a|b"})[1];
  EXPECT_THAT(Names({"a|b"}, {{second, 100}}), ElementsAre(second));
  EXPECT_THAT(Names({"a|b"}, {{second, 100}, {"a_b", 100}}), ElementsAre("a_b"));
  EXPECT_THAT(Names({"a|b"}, {{second, 7}}), ElementsAre("a_b"));
}

TEST(IndexNames, AreNotThoseOfIndexesBehindOthers) {
  EXPECT_THAT(Names({"t", "t-000001", "t-000002-next", "u-000001"}),
              ElementsAre("t", StartsWith("t-000001-"), StartsWith("t-000002-next-"), "u-000001"));
}

TEST(IndexNames, AreBounded) {
  const std::string name = IndexNameOf(std::string(300, 'a'));
  EXPECT_EQ(name.size(), kLongestIndexName);
  EXPECT_NE(name, IndexNameOf(std::string(301, 'a')));
  EXPECT_EQ(IndexNameOf("éééé", 20), "éééé");
}

}  // namespace
}  // namespace pgsluice::plan
