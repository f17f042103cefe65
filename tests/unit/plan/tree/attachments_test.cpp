#include "pgsluice/plan/attachments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsluice::plan {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<const Plan> PlanOf(std::vector<Source> sources) {
  auto plan = std::make_shared<Plan>();
  plan->sources = std::move(sources);
  return plan;
}

TEST(Attachments, UniteWhatSeveralIndexesNeedOfATable) {
  const auto attachments =
      Attachments({PlanOf({{7, "public.users", {"id"}, {"id", "name"}, {}}}),
                   PlanOf({{9, "public.projects", {"id"}, {}, {}},
                           {7, "public.users", {"id", "team_id"}, {"id", "team_id"}, {}}})});
  ASSERT_EQ(attachments.size(), 2U);
  EXPECT_EQ(attachments[0].table_name, "public.users");
  EXPECT_THAT(attachments[0].captured, ElementsAre("id", "team_id"));
  EXPECT_THAT(attachments[0].watched, ElementsAre("id", "name", "team_id"));
  EXPECT_THAT(attachments[1].watched, IsEmpty());
}

TEST(Attachments, OneIndexThatReadsAllColumnsWatchesAll) {
  const auto attachments = Attachments({PlanOf({{7, "public.users", {"id"}, {"id", "name"}, {}}}),
                                        PlanOf({{7, "public.users", {"id"}, {}, {}}})});
  ASSERT_EQ(attachments.size(), 1U);
  EXPECT_THAT(attachments[0].watched, IsEmpty());
}

}  // namespace
}  // namespace pgsluice::plan
