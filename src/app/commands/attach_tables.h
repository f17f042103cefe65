#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "pgsluice/config/config.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/plan/attachments.h"

namespace pgsluice::app {

struct WantedTables {
  std::vector<plan::Attachment> attachments;
  bool misfits = false;  ///< Some index does not fit the catalog; its tables are left out.
};

/// Returns the attachments that the configured tables need, or only those of `tables` (as in SQL)
/// if it is not empty. A named table that no index reads is attached with its identity only. Prints
/// what does not fit the catalog. Throws Error for a table that does not exist.
WantedTables WantedAttachments(const config::Config& config, const std::vector<std::string>& tables,
                               pg::Session& session, std::ostream& err);

/// Calls pgsluice.attach() for each, and tries again for about a minute per table while its lock
/// cannot be taken. Prints to `err` what it does.
void AttachAll(pg::Session& session, const std::vector<plan::Attachment>& attachments,
               std::ostream& err);

/// Returns the SQL of an attachment or its removal as a script that gives up if it has to wait for
/// a lock.
std::string AttachScript(const std::string& sql);

}  // namespace pgsluice::app
