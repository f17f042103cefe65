#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pgsluice/pg/session.h"
#include "pgsluice/plan/plan.h"
#include "pgsluice/sync/index_set.h"

/// This header manages which definition of each index is in force, and which processes run which
/// definitions. The tables and the protocol are in migrations/0006_definitions.sql.
namespace pgsluice::sync {

/// Returns a hash of what distinguishes definitions of an index: what its documents look like, and
/// the tables and columns that they are made from. If it changes, the index has to be filled again.
std::string DefinitionOf(const plan::Plan& plan);

/// Returns this hash for each member of an index over many schemas.
std::vector<std::string> MemberDefinitions(const plan::Plan& plan);

/// The registration of this process among those that write documents. Lives as long as the session:
/// if the session is lost, other processes may take over what only this process ran.
class Membership {
 public:
  /// Registers what this process runs. `names` are the indexes of the configuration; those without
  /// a plan cannot be written at present. Call before the tables are attached.
  void Join(pg::Session& session, const std::vector<std::shared_ptr<const plan::Plan>>& plans,
            const std::vector<std::string>& names);
  /// Records that the plans of this process are about to follow a change of the tables.
  void Looking(pg::Session& session);
  /// Records that the plans fit `tables`: see looks.h.
  void Looked(pg::Session& session, const std::string& tables);
  /// Records that this process stops writing, so that others do not wait for it.
  void Leave(pg::Session& session);
  /// Forgets the registration, because the session is lost.
  void Reset() { *this = Membership(); }

 private:
  std::string id_;     ///< Of pgsluice.process; empty: not registered.
  std::string known_;  ///< What was registered last.
  std::string looked_at_;
};

/// Returns whether some running process runs this definition of an index.
bool SomeProcessRuns(pg::Session& session, const std::string& index, const std::string& definition);

/// Saves which columns of its tables the definition in force needs. Call in the transaction that
/// puts it in force.
void SaveNeeds(pg::Session& session, const plan::Plan& plan);

/// Removes processes and tables that do not exist any longer, and gives up definitions that no
/// process has run for a while.
void Attend(pg::Session& session);

/// Records, in a transaction of its own, that changes of these indexes may be missed. They are
/// filled again before they count as complete.
void MarkGap(pg::Session& session, const std::vector<std::string>& indexes);

/// Returns whether every name in the statements of these plans still means the table and the
/// columns that it meant when the plans were made. Call after the statements ran, because their
/// locks keep the names as they are until the transaction ends.
bool NamesHold(pg::Session& session, const std::set<const plan::Plan*>& plans);

/// Marks the indexes of plans for which NamesHold() returned false to be filled again: documents
/// may have been read from another table with the same name. Call outside the transaction that
/// found it.
void MarkReplaced(pg::Session& session, const std::set<const plan::Plan*>& plans);

/// The definitions in force.
struct InForce {
  struct Definition {
    std::string hash;
    std::set<std::uint32_t> tables;  ///< oids; their events concern the index.
  };
  std::map<std::string, Definition> indexes;
};
InForce ReadInForce(pg::Session& session);

/// Fills in which indexes of `set` this process writes, its sources, and which events it has to
/// leave to other processes. Read the generation of `set` before `in_force`.
void Settle(pg::Session& session, const InForce& in_force, IndexSet& set);

}  // namespace pgsluice::sync
