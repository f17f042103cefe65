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
  bool misfits = false;  ///< Some index does not fit the catalog: what it reads is left out.
};

/// What the configured tables need, or, when `tables` names some (as in SQL), only those; a named
/// table that no index reads is attached with its identity only. Prints what does not fit the
/// catalog. Throws Error for a table that does not exist.
WantedTables WantedAttachments(const config::Config& config, const std::vector<std::string>& tables,
                               pg::Session& session, std::ostream& err);

/// Runs pgsluice.attach() for each, again while a table's lock cannot be had, for about a minute
/// per table. Says on `err` what it does.
void AttachAll(pg::Session& session, const std::vector<plan::Attachment>& attachments,
               std::ostream& err);

/// The SQL of an attachment or its removal as a script that gives up if it has to wait for a lock.
std::string AttachScript(const std::string& sql);

}  // namespace pgsluice::app
