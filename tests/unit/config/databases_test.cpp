#include "pgsluice/config/databases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/config/loader.h"
#include "pgsluice/config/print.h"

namespace pgsluice::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Loaded {
  Config config;
  std::vector<std::string> findings;
};

Loaded LoadWith(const std::string& text, const std::map<std::string, std::string>& flags = {}) {
  Findings findings;
  Loaded loaded;
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "PGSLUICE_DATABASE_URL") return "postgresql://elsewhere/db";
    return std::nullopt;
  };
  loaded.config = LoadText("pgsluice.json", text, {.flags = flags}, environment, findings);
  for (const Finding& p : findings) {
    loaded.findings.push_back(p.place + ": " + p.message +
                              (p.hint.empty() ? "" : " (" + p.hint + ")"));
  }
  return loaded;
}

constexpr const char* kTwo =
    R"("databases": {"shop": {"url": "postgresql://a/shop"}, "crm": {"url": "postgresql://a:pw@b/crm"}})";

TEST(Databases, EachGetsItsOwnIndexes) {
  const Loaded loaded = LoadWith(std::string("{") + kTwo + R"(, "indexes": {
    "orders": {"database": "shop"}, "people": {"database": "crm"}, "items": {"database": "shop"}}})");
  EXPECT_THAT(loaded.findings, ElementsAre());
  ASSERT_TRUE(HasNames(loaded.config));
  const std::vector<Config> each = PerDatabase(loaded.config);
  ASSERT_EQ(each.size(), 2U);
  EXPECT_EQ(each[0].database.name, "shop");
  EXPECT_EQ(each[0].database.url, "postgresql://a/shop");
  ASSERT_EQ(each[0].indexes.size(), 2U);
  EXPECT_EQ(each[0].indexes[1].name, "items");
  ASSERT_EQ(each[1].indexes.size(), 1U);
  EXPECT_EQ(each[1].indexes[0].name, "people");
  const std::string printed = PrintJson(loaded.config);
  EXPECT_THAT(printed, Not(HasSubstr("elsewhere")));
  EXPECT_THAT(printed, HasSubstr("postgresql://a:***@b/crm"));
}

TEST(Databases, WithoutNamesNothingChanges) {
  const Loaded loaded = LoadWith(R"({"indexes": {"orders": {}}})");
  EXPECT_THAT(loaded.findings, ElementsAre());
  EXPECT_FALSE(HasNames(loaded.config));
  ASSERT_EQ(PerDatabase(loaded.config).size(), 1U);
  EXPECT_EQ(PerDatabase(loaded.config)[0].database.url, "postgresql://elsewhere/db");
}

TEST(Databases, TheOnlyOneDoesNotNeedAName) {
  const Loaded loaded = LoadWith(
      R"({"databases": {"shop": {"url": "postgresql://a/shop"}}, "indexes": {"orders": {}}})");
  EXPECT_THAT(loaded.findings, ElementsAre());
  EXPECT_EQ(PerDatabase(loaded.config)[0].indexes[0].database, "shop");
}

TEST(Databases, AllMistakesAreReportedWithTheirPlaces) {
  const std::string two = kTwo;
  EXPECT_THAT(
      LoadWith("{" + two + R"(, "indexes": {"orders": {"database": "shpo"}, "people": {}}})")
          .findings,
      ElementsAre(
          "pgsluice.json, line 1, column 123: indexes.orders.database: there is no database "
          "\"shpo\" (did you mean \"shop\"?)",
          "pgsluice.json, line 1, column 144: indexes.people: the index does not name "
          "the database of its table (add \"database\": \"NAME\")"));
  EXPECT_THAT(LoadWith("{" + two + R"(, "database": {"url": "postgresql://a/x"}})").findings,
              ElementsAre(HasSubstr("database and databases exclude each other")));
  EXPECT_THAT(LoadWith("{" + two + "}", {{"database-url", "postgresql://a/x"}}).findings,
              ElementsAre(HasSubstr("--database-url: the configuration has several databases")));
  EXPECT_THAT(LoadWith(R"({"databases": {}})").findings,
              ElementsAre(HasSubstr("no database is configured")));
  EXPECT_THAT(LoadWith(R"({"databases": {"a:b": {"url": "postgresql://a/x"}, "c": {}}})").findings,
              ElementsAre(HasSubstr("\"url\" is missing"),
                          HasSubstr("\"a:b\" cannot be the name of a database here")));
  EXPECT_THAT(LoadWith(R"({"databases": {"Shop": {"url": "postgresql://a/x"},
                                         "shop": {"url": "postgresql://a/x"}}})")
                  .findings,
              ElementsAre(HasSubstr("would make the same index names"),
                          HasSubstr("\"Shop\" has the same url")));
  EXPECT_THAT(LoadWith(R"({"indexes": {"orders": {"database": "shop"}}})").findings,
              ElementsAre(HasSubstr("an index names its database only if there are several")));
}

}  // namespace
}  // namespace pgsluice::config
