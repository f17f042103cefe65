#include "plan/sql/sql_fragment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsluice::plan {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

TEST(SqlFragment, AcceptsExpressions) {
  for (const char* sql :
       {"NOT deleted", "a = 'it''s; -- fine'", "\"Odd;Name\" > 1", "p #>> '{a,b}' = E'x\\'y'",
        "lower(name) IN ('a', 'b')", "tags[1] = 'x'", "created_at DESC, id", "x -> 'y'", "a.b"}) {
    EXPECT_EQ(ReadFragment(sql).error, "") << sql;
  }
}

TEST(SqlFragment, RefusesWhatCouldEscape) {
  for (const char* sql :
       {"1; DROP TABLE t", "a -- b", "a /* b", "(a", "a)", "(a]", "'open", "\"open", "$1 = a",
        "$$x$$ = a", "id IN (SELECT 1)", "a IN (VALUES (1))", "1) OR (1", "E'\\' OR a"}) {
    EXPECT_NE(ReadFragment(sql).error, "") << sql;
  }
}

TEST(SqlFragment, ReadsStringsAsTheServerDoes) {
  for (const char* sql : {R"(e 'x\' ; DROP TABLE t; --')", R"("e"'x\' OR (SELECT true) OR '')",
                          R"(E'a\'' OR x IN (SELECT 1) OR y = E'\'')", R"(1e'\'' ; x ')",
                          "E'a'\n'\\'' ; DROP TABLE t --'", "1$x$ '$x$ ; DROP TABLE t --'"}) {
    EXPECT_NE(ReadFragment(sql).error, "") << sql;
  }
  for (const char* sql : {R"(E'it\'s')", R"(a.e'it\'s')", "1.5e10 > x", "'a'\n'b'", "x > 1e-5"}) {
    EXPECT_EQ(ReadFragment(sql).error, "") << sql;
  }
}

TEST(SqlFragment, FindsEverySubSelect) {
  for (const char* sql : {"count(root.*) = (SELECT 1)", "a IN (TABLE other)",
                          "x = ANY (WITH w AS (VALUES (1)) TABLE w)", "a.b = (select 1)"}) {
    EXPECT_THAT(ReadFragment(sql).error, ::testing::HasSubstr("sub-select")) << sql;
  }
  EXPECT_EQ(ReadFragment("root.\"select\" AND root.values AND \"table\"").error, "");
}

TEST(SqlFragment, KnowsNamesAndFunctions) {
  const Fragment fragment = ReadFragment("Lower(Name) = public.\"F x\" (\"Col\", root.id) AND (a)");
  EXPECT_THAT(fragment.functions, ElementsAre("lower", "public.F x", "and"));
  EXPECT_THAT(fragment.names, Contains("name"));
  EXPECT_THAT(fragment.names, Contains("Col"));
  EXPECT_THAT(fragment.names, Contains("id"));
}

}  // namespace
}  // namespace pgsluice::plan
