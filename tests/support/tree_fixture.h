#pragma once

#include <memory>
#include <string>

#include "support/random_changes.h"
#include "support/service_fixture.h"

namespace pgsluice::testing {

/// Indexes over trees of tables, synced by this process and by the binary, which is killed
/// repeatedly while every table changes at random.
class TreeTest : public FaultTest {
 protected:
  ~TreeTest() override { binary_.reset(); }

  /// A table, and columns of it whose values are usually those of another table, without a foreign
  /// key.
  struct LooseReference {
    std::string table;
    WrittenTable::Reference reference;
  };

  /// The tables and the text of a configuration file over them; rows at random; both processes.
  void StartBoth(const std::string& tables, const std::string& configuration, unsigned seed,
                 const std::vector<LooseReference>& references = {});
  /// Runs some transactions, and kills the binary at some moment.
  void ChangeAndKill(int transactions);
  /// Returns what was done and what the binary printed, if the test failed.
  void TellStory();

  std::unique_ptr<RandomChanges> changes_;
  std::unique_ptr<Process> binary_;
};

}  // namespace pgsluice::testing
