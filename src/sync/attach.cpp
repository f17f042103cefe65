#include "pgsluice/sync/attach.h"

#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <optional>

#include "pgsluice/base/backoff.h"
#include "pgsluice/base/error.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/pg/sql_error.h"
#include "pgsluice/sync/wakeup.h"

namespace pgsluice::sync {

namespace {

constexpr int kAttempts = 30;  // of at most two seconds each
constexpr const char* kLockNotAvailable = "55P03";

const pg::Statement kAttachSql{"attach_sql", R"sql(
  SELECT pgsluice.attach_sql($1::oid::regclass,
    ARRAY(SELECT pg_catalog.jsonb_array_elements_text($2::jsonb)),
    ARRAY(SELECT pg_catalog.jsonb_array_elements_text($3::jsonb))))sql"};
const pg::Statement kAttachSqlAll{"attach_sql_all", R"sql(
  SELECT pgsluice.attach_sql($1::oid::regclass, NULL,
    ARRAY(SELECT pg_catalog.jsonb_array_elements_text($2::jsonb))))sql"};

std::string JsonTexts(const std::vector<std::string>& texts) {
  std::string array = "[";
  for (const std::string& text : texts) {
    if (array.size() > 1) array += ',';
    json::AppendString(array, text);
  }
  return array + "]";
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
  const std::string oid = std::to_string(attachment.table);
  const std::string captured = JsonTexts(attachment.captured);
  const pg::Result rows =
      attachment.watched.empty()
          ? session.Exec(kAttachSqlAll, {oid, captured})
          : session.Exec(kAttachSql, {oid, JsonTexts(attachment.watched), captured});
  return std::string(rows.Text(0, 0));
}

void AttachTable(pg::Session& session, const document::Attachment& attachment) {
  Backoff backoff(std::chrono::milliseconds(100), std::chrono::milliseconds(1000));
  const std::stop_source never;
  for (int attempt = 1;; ++attempt) {
    try {
      pg::Transaction transaction(session);
      session.Exec(
          "SET LOCAL lock_timeout = '2s'; SET LOCAL client_min_messages = warning; "
          "SELECT pg_catalog.pg_advisory_xact_lock(1886612588, 3)");
      const std::string sql = AttachSql(session, attachment);
      if (!sql.empty()) session.Exec(sql);
      transaction.Commit();
      return;
    } catch (const pg::SqlError& error) {
      if (error.sqlstate() == kLockNotAvailable && attempt < kAttempts) {
        SleepUnlessStopped(backoff.Next(), never.get_token());
        continue;
      }
      throw Error(Disposition::kFatal,
                  fmt::format("cannot attach {}: {}", attachment.table_name, error.what()),
                  error.sqlstate() == "42501"
                      ? "run 'pgsluice attach' as the owner of the table, or GRANT TRIGGER on it"
                      : error.hint());
    }
  }
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
  for (const document::Attachment& attachment : missing) {
    try {
      AttachTable(session, attachment);
      observe::Log(observe::Level::kInfo, "sync", "attached", {{"table", attachment.table_name}});
    } catch (const Error& error) {
      if (mode == AttachMode::kDo || session.broken()) throw;
      observe::Log(observe::Level::kError, "sync", error.Full());
    }
  }
}

}  // namespace pgsluice::sync
