#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pgsluice/pg/session.h"
#include "pgsluice/plan/attachments.h"

namespace pgsluice::sync {

/// Makes the triggers on the tables of `plans` capture what the plans need. Throws for the first
/// table that cannot be attached.
void Attach(pg::Session& session, const std::vector<std::shared_ptr<const plan::Plan>>& plans);

/// Like Attach(), but continues with the other tables. Returns why a table could not be attached,
/// by oid. With `patient` false it does not wait for a lock that another session holds on a table.
std::map<std::uint32_t, std::string> TryAttach(
    pg::Session& session, const std::vector<std::shared_ptr<const plan::Plan>>& plans,
    bool patient);

/// Called with the table's name while its lock is awaited.
using LockWaiting = std::function<void(const std::string&)>;

/// Attaches or detaches one table. Tries again for about a minute if another session holds a lock
/// on it; each attempt gives up after two seconds, so that no statement queues behind it for long.
/// Throws Error(kFatal), which names the missing privilege, or Error(kRetry) if the lock could not
/// be taken.
void AttachTable(pg::Session& session, const plan::Attachment& attachment,
                 const LockWaiting& waiting);
void DetachTable(pg::Session& session, const plan::Attachment& attachment,
                 const LockWaiting& waiting);

/// Returns the SQL that AttachTable() would run. Empty if the table is already attached that way.
std::string AttachSql(pg::Session& session, const plan::Attachment& attachment);
std::string DetachSql(pg::Session& session, const plan::Attachment& attachment);

/// Returns the attachments that are missing or do not capture enough. A table counts as missing if
/// one of its partitions was added after it was attached.
std::vector<plan::Attachment> Unattached(pg::Session& session,
                                         const std::vector<plan::Attachment>& attachments);

}  // namespace pgsluice::sync
