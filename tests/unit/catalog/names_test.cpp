#include <gtest/gtest.h>

#include "pgsluice/base/error.h"
#include "pgsluice/catalog/catalog.h"

namespace pgsluice::catalog {
namespace {

using Name = std::pair<std::string, std::string>;

TEST(SplitName, FoldsAsSqlDoes) {
  EXPECT_EQ(SplitName("Users"), Name("", "users"));
  EXPECT_EQ(SplitName("Shop.Users"), Name("shop", "users"));
  EXPECT_EQ(SplitName(" shop . \"Odd \"\"Table\"\".x\" "), Name("shop", "Odd \"Table\".x"));
  EXPECT_EQ(SplitName("\"Shop\".a$1"), Name("Shop", "a$1"));
  EXPECT_EQ(SplitName("straße"), Name("", "straße"));
}

TEST(SplitName, RefusesWhatIsNotAName) {
  for (const char* text : {"", " ", ".", "a.", ".a", "a.b.c", "1a", "a-b", "\"a", "\"\"", "a b"}) {
    EXPECT_THROW(SplitName(text), Error) << text;
  }
}

TEST(Table, QualifiedNameQuotesWhereNeeded) {
  const auto qualified = [](const std::string& schema, const std::string& name) {
    Table table;
    table.schema = schema;
    table.name = name;
    return table.QualifiedName();
  };
  EXPECT_EQ(qualified("public", "users_2"), "public.users_2");
  EXPECT_EQ(qualified("public", "user"), "public.\"user\"");
  EXPECT_EQ(qualified("Shop", "a\"b"), "\"Shop\".\"a\"\"b\"");
  EXPECT_EQ(qualified("public", "2nd"), "public.\"2nd\"");
  EXPECT_EQ(SplitName(qualified("a.b", "ÄÖ c")), Name("a.b", "ÄÖ c"));
}

TEST(Table, IdentityIsThePrimaryKeyElseTheSmallestUniqueIndexElseAllColumns) {
  Table table;
  for (const char* name : {"a", "b", "c"}) {
    Column column;
    column.name = name;
    column.not_null = column.name != "c";
    table.columns.push_back(column);
  }
  EXPECT_FALSE(table.HasKey());
  EXPECT_EQ(table.Identity(), (std::vector<std::string>{"a", "b", "c"}));
  table.indexes = {{.name = "with_null", .columns = {"c"}, .unique = true},
                   {.name = "plain", .columns = {"a"}},
                   {.name = "two", .columns = {"a", "b"}, .unique = true}};
  EXPECT_EQ(table.Identity(), (std::vector<std::string>{"a", "b"}));
  table.indexes.push_back({.name = "one", .columns = {"b"}, .unique = true});
  EXPECT_EQ(table.Identity(), std::vector<std::string>{"b"});
  table.indexes.push_back({.name = "pk", .columns = {"b", "a"}, .unique = true, .primary = true});
  EXPECT_EQ(table.Identity(), (std::vector<std::string>{"b", "a"}));
  EXPECT_TRUE(table.HasKey());
}

}  // namespace
}  // namespace pgsluice::catalog
