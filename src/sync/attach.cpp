#include "pgsluice/sync/attach.h"

#include "pgsluice/base/error.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/pg/lock_retry.h"
#include "pgsluice/pg/sql_error.h"
#include "pgsluice/pg/text_array.h"

namespace pgsluice::sync {

namespace {

constexpr const char* kInsufficientPrivilege = "42501";

// NULL watches every column.
const pg::Statement kAttachSql{"attach_sql",
                               "SELECT pgsluice.attach_sql($1::oid::regclass, $2, $3)"};
const pg::Statement kAttach{"attach", "SELECT pgsluice.attach($1::oid::regclass, $2, $3)"};
const pg::Statement kDetachSql{"detach_sql", "SELECT pgsluice.detach_sql($1::oid::regclass)"};
const pg::Statement kDetach{"detach", "SELECT pgsluice.detach($1::oid::regclass)"};

pg::Result Call(pg::Session& session, const pg::Statement& statement,
                const document::Attachment& attachment) {
  const pg::Param watched =
      attachment.watched.empty() ? pg::Param() : pg::Param(pg::TextArray(attachment.watched));
  return session.Exec(
      statement, {std::to_string(attachment.table), watched, pg::TextArray(attachment.captured)});
}

/// The server's message without its CONTEXT, which holds all of the SQL.
Error Forbidden(const std::string& table, const std::string& message) {
  return Error(Disposition::kFatal, table + ": " + message.substr(0, message.find(" CONTEXT:")),
               "use the owner of the table, or as owner: GRANT TRIGGER ON " + table +
                   " TO the role that pgsluice uses");
}

/// `change` to the triggers of one table, which gives up its wait for a lock by itself.
void Change(const std::string& table, const LockWaiting& waiting,
            const std::function<void()>& change) {
  try {
    pg::RetryForLock(table, waiting, change);
  } catch (const pg::SqlError& error) {
    if (error.sqlstate() != kInsufficientPrivilege) throw;
    throw Forbidden(table, error.what());
  }
}

Error NotAttached(const std::vector<document::Attachment>& missing) {
  std::string names;
  for (const document::Attachment& attachment : missing) {
    names += (names.empty() ? "" : ", ") + attachment.table_name;
  }
  return Error(Disposition::kFatal, "not attached, so changes would be missed: " + names,
               "run 'pgsluice attach' as the owner of the tables");
}

}  // namespace

std::string AttachSql(pg::Session& session, const document::Attachment& attachment) {
  return std::string(Call(session, kAttachSql, attachment).Text(0, 0));
}

std::string DetachSql(pg::Session& session, const document::Attachment& attachment) {
  return std::string(session.Exec(kDetachSql, {std::to_string(attachment.table)}).Text(0, 0));
}

void AttachTable(pg::Session& session, const document::Attachment& attachment,
                 const LockWaiting& waiting) {
  Change(attachment.table_name, waiting, [&] { Call(session, kAttach, attachment); });
}

void DetachTable(pg::Session& session, const document::Attachment& attachment,
                 const LockWaiting& waiting) {
  Change(attachment.table_name, waiting,
         [&] { session.Exec(kDetach, {std::to_string(attachment.table)}); });
}

std::vector<document::Attachment> Unattached(pg::Session& session,
                                             const std::vector<document::Attachment>& attachments) {
  std::vector<document::Attachment> missing;
  for (const document::Attachment& attachment : attachments) {
    if (!AttachSql(session, attachment).empty()) missing.push_back(attachment);
  }
  return missing;
}

void Attach(pg::Session& session, const std::vector<std::shared_ptr<const document::Plan>>& plans,
            AttachMode mode) {
  const auto missing = Unattached(session, document::Attachments(plans));
  if (missing.empty()) return;
  if (mode == AttachMode::kCheck) throw NotAttached(missing);
  const auto waiting = [](const std::string& line) {
    observe::Log(observe::Level::kInfo, "sync", line);
  };
  for (const document::Attachment& attachment : missing) {
    try {
      AttachTable(session, attachment, waiting);
      observe::Log(observe::Level::kInfo, "sync", "attached", {{"table", attachment.table_name}});
    } catch (const Error& error) {
      if (mode == AttachMode::kDo || session.broken()) throw;
      observe::Log(observe::Level::kError, "sync", error.Full());
    }
  }
}

}  // namespace pgsluice::sync
