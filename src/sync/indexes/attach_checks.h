#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pgsluice/pg/session.h"
#include "pgsluice/plan/attachments.h"

namespace pgsluice::sync {

/// Which tables were found to be attached as they should, and did not change since. To find that
/// out takes milliseconds for each table, which is much for thousands.
class AttachChecks {
 public:
  /// Reads what the tables and their triggers are now.
  AttachChecks(pg::Session& session, const std::vector<plan::Attachment>& attachments);

  /// Whether the table is as it was when it was found to be attached.
  bool IsKnown(const plan::Attachment& attachment) const;
  /// The table was found to be attached, after it was read here.
  void Found(const plan::Attachment& attachment);
  /// Tables that were attached, after they were read here.
  void Attached(const std::vector<plan::Attachment>& attachments);
  /// Remembers the tables for later.
  void Save();

 private:
  struct Table {
    std::string columns;    ///< Differs when something changes that triggers depend on.
    std::string triggers;   ///< Differs when a trigger does.
    bool complete = false;  ///< It has no partitions or children, and all triggers fire.
    std::string checked;    ///< As remembered.
  };
  std::map<std::uint32_t, Table> Read(const std::vector<plan::Attachment>& attachments);
  static std::string StateOf(const Table& table, const plan::Attachment& attachment);

  pg::Session& session_;
  std::map<std::uint32_t, Table> tables_;
  std::map<std::uint32_t, std::string> found_;
};

}  // namespace pgsluice::sync
