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

TEST(SqlFragment, KnowsNamesAndFunctions) {
  const Fragment fragment = ReadFragment("Lower(Name) = public.\"F x\" (\"Col\", root.id) AND (a)");
  EXPECT_THAT(fragment.functions, ElementsAre("lower", "public.F x", "and"));
  EXPECT_THAT(fragment.names, Contains("name"));
  EXPECT_THAT(fragment.names, Contains("Col"));
  EXPECT_THAT(fragment.names, Contains("id"));
}

}  // namespace
}  // namespace pgsluice::plan
