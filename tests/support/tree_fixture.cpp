#include "support/tree_fixture.h"

#include <csignal>
#include <fstream>

namespace pgsluice::testing {

void TreeTest::StartBoth(const std::string& tables, const std::string& configuration, unsigned seed,
                         const std::vector<LooseReference>& references) {
  Exec(tables);
  ConfigureIndexes(configuration);
  std::ofstream(config_file_) << R"({"elasticsearch": {"index_prefix": ")" << prefix_ << "\"}, "
                              << configuration.substr(configuration.find('{') + 1);
  const catalog::Catalog catalog = catalog::Catalog::Load(db_.session());
  std::vector<WrittenTable> written = WrittenTables(catalog);
  for (const LooseReference& loose : references) {
    const std::string name = catalog.Find(loose.table)->QualifiedName();
    for (WrittenTable& table : written) {
      if (table.name == name) table.references.push_back(loose.reference);
    }
  }
  changes_ = std::make_unique<RandomChanges>(db_.session(), written, seed);
  changes_->Fill(12);
  Start();
  binary_ = RunBinary("sync");
}

void TreeTest::ChangeAndKill(int transactions) {
  const int moment = transactions / 2;
  for (int i = 0; i < transactions; ++i) {
    changes_->Transact();
    if (i != moment) continue;
    EXPECT_TRUE(binary_->WaitForLine("running", std::chrono::seconds(30))) << binary_->err();
    binary_->Signal(SIGKILL);
    EXPECT_EQ(binary_->Wait(), 128 + SIGKILL) << binary_->err();
    binary_ = RunBinary("sync");
  }
}

void TreeTest::TellStory() {
  if (!HasFailure()) return;
  if (binary_) binary_->WaitForLine("\n\n", std::chrono::milliseconds(100));
  ADD_FAILURE() << (changes_ ? changes_->story() : "") << (binary_ ? binary_->err() : "");
}

}  // namespace pgsluice::testing
