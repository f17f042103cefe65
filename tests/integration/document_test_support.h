#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/config.h"
#include "pgsluice/plan/plan.h"
#include "support/pg_sandbox.h"

namespace pgsluice::plan {

/// A migrated database, and plans for what a test creates in it.
class DocumentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    sandbox_.Migrate();
    sandbox_.Exec("SET search_path = ''");
  }

  std::vector<std::shared_ptr<const Plan>> Plans(const config::Config& config) {
    findings_.clear();
    return BuildPlans(config, catalog::Catalog::Load(sandbox_.session()), sandbox_.session(),
                      findings_);
  }

  /// The plan of one index, without errors.
  std::shared_ptr<const Plan> PlanOf(config::Index index) {
    if (index.name.empty()) index.name = "test";
    if (index.place.empty()) index.place = "indexes." + index.name;
    config::Config config;
    config.all_tables = false;
    config.indexes = {std::move(index)};
    const auto plans = Plans(config);
    for (const config::Finding& finding : findings_) {
      EXPECT_TRUE(finding.warning)
          << finding.place << ": " << finding.message << "; " << finding.hint;
    }
    EXPECT_EQ(plans.size(), 1U);
    return plans.empty() ? nullptr : plans.front();
  }

  std::shared_ptr<const Plan> PlanOfTable(const std::string& table) {
    config::Index index;
    index.table = table;
    return PlanOf(std::move(index));
  }

  /// `_id` -> document; "(gone)" for none.
  std::map<std::string, std::string> Read(const Plan& plan, const std::string& keys) {
    return Documents(sandbox_.session().Exec(plan.read_by_key, {keys}));
  }

  std::map<std::string, std::string> ReadAll(const Plan& plan) {
    return Documents(
        sandbox_.session().Exec(plan.BlockStatement(plan.root_name), {"0", "4294967295"}));
  }

  static std::map<std::string, std::string> Documents(const pg::Result& result) {
    std::map<std::string, std::string> documents;
    for (std::size_t row = 0; row < result.rows(); ++row) {
      EXPECT_FALSE(result.IsNull(row, 0));
      documents[std::string(result.Text(row, 1))] =
          result.IsNull(row, 2) ? "(gone)" : std::string(result.Text(row, 2));
    }
    return documents;
  }

  testing::PgSandbox sandbox_;
  config::Findings findings_;
};

}  // namespace pgsluice::plan
