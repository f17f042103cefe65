#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "pgsluice/config/config.h"
#include "pgsluice/document/attachments.h"
#include "pgsluice/pg/session.h"

namespace pgsluice::app {

/// What the configured tables need, or, when `tables` names some (as in SQL), only those; a named
/// table that no index reads is attached with its identity only. Throws BadConfiguration after
/// printing what does not fit the catalog, Error for a table that does not exist.
std::vector<document::Attachment> WantedAttachments(const config::Config& config,
                                                    const std::vector<std::string>& tables,
                                                    pg::Session& session, std::ostream& err);

/// Runs pgsluice.attach() for each, again while a table's lock cannot be had, for about a minute
/// per table. Says on `err` what it does.
void AttachAll(pg::Session& session, const std::vector<document::Attachment>& attachments,
               std::ostream& err);

}  // namespace pgsluice::app
