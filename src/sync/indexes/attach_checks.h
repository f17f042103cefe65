#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pgsluice/pg/session.h"
#include "pgsluice/plan/attachments.h"

namespace pgsluice::sync {

/// Remembers which tables had all their triggers and have not changed since. Checking a table takes
/// milliseconds, which would make a start slow with thousands of tables.
class AttachChecks {
 public:
  /// Reads the present state of the tables and their triggers.
  AttachChecks(pg::Session& session, const std::vector<plan::Attachment>& attachments);

  /// Returns whether the table has not changed since it was found to be complete.
  bool IsKnown(const plan::Attachment& attachment) const;
  /// Records that the table was complete when the constructor read it.
  void Found(const plan::Attachment& attachment);
  /// Records that the tables were given their triggers after the constructor read them.
  void Attached(const std::vector<plan::Attachment>& attachments);
  /// Stores what was recorded in the database.
  void Save();

 private:
  struct Table {
    std::string columns;    ///< Changes with everything that triggers depend on.
    std::string triggers;   ///< Changes with each trigger.
    bool complete = false;  ///< It has no partitions or children, and all triggers fire.
    std::string checked;    ///< As stored in the database.
  };
  std::map<std::uint32_t, Table> Read(const std::vector<plan::Attachment>& attachments);
  static std::string StateOf(const Table& table, const plan::Attachment& attachment);

  pg::Session& session_;
  std::map<std::uint32_t, Table> tables_;
  std::map<std::uint32_t, std::string> found_;
};

}  // namespace pgsluice::sync
