#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pgsluice/document/attachments.h"
#include "pgsluice/pg/session.h"

namespace pgsluice::sync {

enum class AttachMode {
  kCheck,  ///< Change nothing: a table that is not attached is Error(kFatal).
  kTry,    ///< Attach what is missing; what cannot be attached is logged.
  kDo,     ///< Attach what is missing; throws.
};

/// Brings capture on the tables of `plans` to what the plans need.
void Attach(pg::Session& session, const std::vector<std::shared_ptr<const document::Plan>>& plans,
            AttachMode mode);

/// Hears that a lock is waited for.
using LockWaiting = std::function<void(const std::string&)>;

/// Attaches or detaches one table, again and again for about a minute while its lock cannot be had
/// (an attempt gives up after two seconds, so that nobody queues behind it for long). Throws
/// Error(kFatal) with the privilege that is missing, Error(kRetry) without the lock.
void AttachTable(pg::Session& session, const document::Attachment& attachment,
                 const LockWaiting& waiting);
void DetachTable(pg::Session& session, const document::Attachment& attachment,
                 const LockWaiting& waiting);

/// What AttachTable() would run; empty when the table is attached that way already.
std::string AttachSql(pg::Session& session, const document::Attachment& attachment);
std::string DetachSql(pg::Session& session, const document::Attachment& attachment);

/// Attachments that are missing or do not capture enough. A table with a partition that came after
/// it was attached counts as missing.
std::vector<document::Attachment> Unattached(pg::Session& session,
                                             const std::vector<document::Attachment>& attachments);

}  // namespace pgsluice::sync
