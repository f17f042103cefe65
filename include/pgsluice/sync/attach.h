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

/// Brings capture on the tables of `plans` to what the plans need. Throws for the first that cannot
/// be attached.
void Attach(pg::Session& session, const std::vector<std::shared_ptr<const plan::Plan>>& plans);

/// The same, but continues with the other tables. Returns, by oid, why a table could not be
/// attached. With `patient` false nobody is waited for who holds a lock on a table.
std::map<std::uint32_t, std::string> TryAttach(
    pg::Session& session, const std::vector<std::shared_ptr<const plan::Plan>>& plans,
    bool patient);

/// Hears that a lock is waited for.
using LockWaiting = std::function<void(const std::string&)>;

/// Attaches or detaches one table, again and again for about a minute while its lock cannot be had
/// (an attempt gives up after two seconds, so that nobody queues behind it for long). Throws
/// Error(kFatal) with the privilege that is missing, Error(kRetry) without the lock.
void AttachTable(pg::Session& session, const plan::Attachment& attachment,
                 const LockWaiting& waiting);
void DetachTable(pg::Session& session, const plan::Attachment& attachment,
                 const LockWaiting& waiting);

/// What AttachTable() would run; empty when the table is attached that way already.
std::string AttachSql(pg::Session& session, const plan::Attachment& attachment);
std::string DetachSql(pg::Session& session, const plan::Attachment& attachment);

/// Attachments that are missing or do not capture enough. A table with a partition that came after
/// it was attached counts as missing.
std::vector<plan::Attachment> Unattached(pg::Session& session,
                                         const std::vector<plan::Attachment>& attachments);

}  // namespace pgsluice::sync
