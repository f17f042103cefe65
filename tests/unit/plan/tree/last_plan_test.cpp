#include "pgsluice/plan/last_plan.h"

#include <gtest/gtest.h>

#include "unit/query/plan_fixture.h"

namespace pgsluice::plan {
namespace {

config::Index Projects() {
  config::Index index;
  index.name = "projects";
  return index;
}

TEST(LastPlan, KeepsEverythingThatSearchesNeed) {
  Plan plan = *query::SamplePlan();
  plan.root_name = "public.\"Projects\"";
  plan.key = {"tenant", "id"};
  plan.config.routing = "tenant";
  const auto kept = FromJson(ToJson(plan), Projects());
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(ToJson(*kept), ToJson(plan));
  EXPECT_EQ(kept->key, plan.key);
  EXPECT_EQ(kept->MappingJson(true), plan.MappingJson(true));
  EXPECT_EQ(kept->config.name, "projects");
}

TEST(LastPlan, LeavesOutSearchOptionsOfFieldsThatAreNotThere) {
  config::Index index = Projects();
  index.search.fields = {{"title", 2}, {"renamed", 1}};
  index.search.default_sort = {"renamed:desc", "id"};
  index.search.facets = {"renamed"};
  const auto kept = FromJson(ToJson(*query::SamplePlan()), index);
  ASSERT_NE(kept, nullptr);
  ASSERT_EQ(kept->config.search.fields.size(), 1U);
  EXPECT_EQ(kept->config.search.default_sort, std::vector<std::string>{"id"});
  EXPECT_TRUE(kept->config.search.facets.empty());
}

// The field to hide may have its old name in the documents.
TEST(LastPlan, IsNotUsedIfAHiddenFieldIsNotThere) {
  config::Index index = Projects();
  index.search.hidden = {"price_renamed"};
  EXPECT_EQ(FromJson(ToJson(*query::SamplePlan()), index), nullptr);
  index.search.hidden = {"price"};
  EXPECT_NE(FromJson(ToJson(*query::SamplePlan()), index), nullptr);
}

TEST(LastPlan, OfAnotherVersionIsNotUsed) {
  EXPECT_EQ(FromJson("{}", Projects()), nullptr);
  EXPECT_EQ(FromJson(R"({"fields":[{"kind":"hologram"}]})", Projects()), nullptr);
}

}  // namespace
}  // namespace pgsluice::plan
