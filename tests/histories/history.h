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

/// A random history: transactions of several sessions on four tables, beside two service processes
/// that suffer faults, and at the end an exact comparison. The seed decides what is done, not the
/// moment at which the processes do their part.
class History : private HasServer, public FaultTest {
 protected:
  History() : FaultTest(server.UrlOf("postgres")) {}
  ~History() override { processes_.clear(); }
  void RunHistory(unsigned seed, int steps);
  /// From now on, tables are replaced, triggers are taken away, and processes with another
  /// configuration run beside the others.
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
  void Configure();
  void ChangeDefinition();
  void RunBeside();
  /// Waits until the last change of a definition is noticed.
  void AwaitDefinitions();
  void Finish();
  /// What the index of a table must hold: the rows as this program reads them, not as pgsluice
  /// does.
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
  bool definitions_ = false;
  std::string story_;  ///< What was done, printed when the comparison fails.
};

}  // namespace pgsluice::testing
