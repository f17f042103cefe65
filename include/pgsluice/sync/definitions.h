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

/// Which definition of each index is in force, and which processes run which definitions: the
/// tables and the protocol of migrations/0006_definitions.sql.
namespace pgsluice::sync {

/// What makes one definition of an index differ from another: what its documents look like, and the
/// tables and columns they are made from. Indexes of different definitions have to be filled again.
std::string DefinitionOf(const plan::Plan& plan);

/// This process among those that write documents. Lives as long as the session does: if that is
/// lost, the others may take over what only this process ran.
class Membership {
 public:
  /// Makes known what this process runs. `names` are the indexes of the configuration; those
  /// without a plan cannot be written at present. Call before the tables are attached.
  void Join(pg::Session& session, const std::vector<std::shared_ptr<const plan::Plan>>& plans,
            const std::vector<std::string>& names);
  /// The plans of this process are about to follow a change of the tables.
  void Looking(pg::Session& session);
  /// They fit `tables`: see looks.h.
  void Looked(pg::Session& session, const std::string& tables);
  /// This process stops writing: others need not wait for it.
  void Leave(pg::Session& session);
  /// The session is lost.
  void Reset() { *this = Membership(); }

 private:
  std::string id_;     ///< Of pgsluice.process; empty: not registered.
  std::string known_;  ///< What was registered last.
  std::string looked_at_;
};

/// Whether some process that was not found to be gone runs this definition of an index.
bool SomeProcessRuns(pg::Session& session, const std::string& index, const std::string& definition);

/// Remembers what the definition in force needs of its tables. In the transaction that puts it in
/// force.
void SaveNeeds(pg::Session& session, const plan::Plan& plan);

/// Forgets processes and tables that are gone, and gives up definitions that nobody has run for a
/// while.
void Attend(pg::Session& session);

/// Marks, in a transaction of its own, that changes of these indexes may be missed: they are filled
/// again before they count as complete.
void MarkGap(pg::Session& session, const std::vector<std::string>& indexes);

/// Whether every name in the statements of these plans still means the table and the columns that
/// it meant when they were made. Ask after they were read: the reads' locks keep it so until the
/// transaction ends.
bool NamesHold(pg::Session& session, const std::set<const plan::Plan*>& plans);

/// For plans of which that was not so, outside of the transaction that found it: documents that
/// were read from a table of the same name may have been written, so these indexes are filled
/// again.
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
/// leave to others. Read the generation of `set` before `in_force`.
void Settle(pg::Session& session, const InForce& in_force, IndexSet& set);

}  // namespace pgsluice::sync
