#pragma once

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/own_postgres.h"
#include "support/service_fixture.h"

namespace pgsluice::testing {

struct HasServer {
  OwnPostgres server;
};

/// A random history: transactions of several sessions on four tables, while two service processes
/// suffer faults, and an exact comparison at the end. The seed determines what is done, but not
/// when the processes do their part.
class History : private HasServer, public FaultTest {
 protected:
  History() : FaultTest(server.UrlOf("postgres")) {}
  ~History() override { processes_.clear(); }
  void RunHistory(unsigned seed, int steps);
  /// From now on, tables are replaced, triggers are removed, and processes with another
  /// configuration run as well.
  void ChangeDefinitions() { definitions_ = true; }

 private:
  struct Writer {
    std::unique_ptr<pg::Session> session;
    bool open = false;
  };

  void Prepare();
  void Step();
  void Write(Writer& writer);
  void End(Writer& writer);
  void OpenWriters();
  void RestartDatabase();
  void Fault();
  void FaultOfTheEngine();
  /// The engine takes no changes of one index, until Unblock().
  void Block();
  void Unblock();
  void SetBlock(const std::string& value);
  /// Documents that no row has, or has otherwise; Repair() removes them.
  void WriteForeignDocuments();
  void Repair();
  void Configure();
  void ChangeDefinition();
  void RunBeside();
  /// Waits until the last change of a definition is noticed.
  void AwaitDefinitions();
  void Finish();
  /// Returns what the index of a table must contain: the rows as this program reads them, not as
  /// pgsluice does.
  std::map<std::string, std::string> Oracle(const std::string& table);
  void Compare(const std::string& table);

  std::string Statement();
  std::string StatementOnBag();
  std::string Word();
  int Random(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::string Number(int below) { return std::to_string(Random(below)); }
  void Note(const std::string& text) { story_ += text + "\n"; }

  std::mt19937 random_;
  std::vector<Writer> writers_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::unique_ptr<Process> beside_;  ///< Has another configuration.
  bool definitions_ = false, foreign_ = false;
  std::string blocked_;  ///< The table whose index is blocked.
  std::string story_;    ///< What was done; printed if the comparison fails.
};

}  // namespace pgsluice::testing
