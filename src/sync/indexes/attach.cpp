#include "pgsluice/sync/attach.h"

#include "pgsluice/base/error.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/pg/lock_retry.h"
#include "pgsluice/pg/sql_error.h"
#include "pgsluice/pg/text_array.h"
#include "sync/indexes/attach_checks.h"

namespace pgsluice::sync {

namespace {

constexpr const char* kInsufficientPrivilege = "42501";

// NULL for $2 watches every column.
const pg::Statement kAttachSql{"attach_sql",
                               "SELECT pgsluice.attach_sql($1::oid::regclass, $2, $3)"};
const pg::Statement kAttach{"attach", "SELECT pgsluice.attach($1::oid::regclass, $2, $3)"};
const pg::Statement kDetachSql{"detach_sql", "SELECT pgsluice.detach_sql($1::oid::regclass)"};
const pg::Statement kDetach{"detach", "SELECT pgsluice.detach($1::oid::regclass)"};

pg::Result Call(pg::Session& session, const pg::Statement& statement,
                const plan::Attachment& attachment) {
  const pg::Param watched =
      attachment.watched.empty() ? pg::Param() : pg::Param(pg::TextArray(attachment.watched));
  return session.Exec(
      statement, {std::to_string(attachment.table), watched, pg::TextArray(attachment.captured)});
}

/// Returns the server's message without its CONTEXT, which contains all of the SQL.
Error Forbidden(const std::string& table, const std::string& message) {
  return Error(Disposition::kFatal, table + ": " + message.substr(0, message.find(" CONTEXT:")),
               "use the owner of the table, or as owner: GRANT TRIGGER ON " + table +
                   " TO the role that pgsluice uses");
}

/// Runs `change` on the triggers of one table.
void Once(const std::string& table, const std::function<void()>& change) {
  try {
    change();
  } catch (const pg::SqlError& error) {
    if (error.sqlstate() != kInsufficientPrivilege) throw;
    throw Forbidden(table, error.what());
  }
}

/// Repeats that while the lock cannot be taken; each attempt gives up by itself.
void Change(const std::string& table, const LockWaiting& waiting,
            const std::function<void()>& change) {
  Once(table, [&] { pg::RetryForLock(table, waiting, change); });
}

}  // namespace

std::string AttachSql(pg::Session& session, const plan::Attachment& attachment) {
  return std::string(Call(session, kAttachSql, attachment).Text(0, 0));
}

std::string DetachSql(pg::Session& session, const plan::Attachment& attachment) {
  return std::string(session.Exec(kDetachSql, {std::to_string(attachment.table)}).Text(0, 0));
}

void AttachTable(pg::Session& session, const plan::Attachment& attachment,
                 const LockWaiting& waiting) {
  Change(attachment.table_name, waiting, [&] { Call(session, kAttach, attachment); });
}

void DetachTable(pg::Session& session, const plan::Attachment& attachment,
                 const LockWaiting& waiting) {
  Change(attachment.table_name, waiting,
         [&] { session.Exec(kDetach, {std::to_string(attachment.table)}); });
}

namespace {

std::vector<plan::Attachment> Unattached(pg::Session& session,
                                         const std::vector<plan::Attachment>& attachments,
                                         AttachChecks& checks) {
  std::vector<plan::Attachment> missing;
  for (const plan::Attachment& attachment : attachments) {
    if (checks.IsKnown(attachment)) continue;
    if (AttachSql(session, attachment).empty()) {
      checks.Found(attachment);
    } else {
      missing.push_back(attachment);
    }
  }
  return missing;
}

}  // namespace

std::vector<plan::Attachment> Unattached(pg::Session& session,
                                         const std::vector<plan::Attachment>& attachments) {
  AttachChecks checks(session, attachments);
  return Unattached(session, attachments, checks);
}

namespace {

void SayWaiting(const std::string& line) { observe::Log(observe::Level::kInfo, "sync", line); }

void AttachMissing(pg::Session& session, const plan::Attachment& attachment, bool patient) {
  if (patient) {
    AttachTable(session, attachment, SayWaiting);
  } else {
    Once(attachment.table_name, [&] { Call(session, kAttach, attachment); });
  }
  observe::Log(observe::Level::kInfo, "sync", "attached", {{"table", attachment.table_name}});
}

}  // namespace

void Attach(pg::Session& session, const std::vector<std::shared_ptr<const plan::Plan>>& plans) {
  for (const plan::Attachment& missing : Unattached(session, plan::Attachments(plans))) {
    AttachMissing(session, missing, true);
  }
}

std::map<std::uint32_t, std::string> TryAttach(
    pg::Session& session, const std::vector<std::shared_ptr<const plan::Plan>>& plans,
    bool patient) {
  std::map<std::uint32_t, std::string> refused;
  const std::vector<plan::Attachment> wanted = plan::Attachments(plans);
  AttachChecks checks(session, wanted);
  std::vector<plan::Attachment> attached;
  for (const plan::Attachment& missing : Unattached(session, wanted, checks)) {
    try {
      AttachMissing(session, missing, patient);
      attached.push_back(missing);
    } catch (const Error& error) {
      if (session.broken()) throw;
      refused[missing.table] = error.what();
    }
  }
  checks.Attached(attached);
  checks.Save();
  return refused;
}

}  // namespace pgsluice::sync
