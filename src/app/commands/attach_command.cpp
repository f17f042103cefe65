#include <algorithm>
#include <ostream>

#include "app/commands/attach_tables.h"
#include "app/commands/commands.h"
#include "pgsluice/catalog/catalog.h"
#include "pgsluice/migrate/migrator.h"
#include "pgsluice/plan/plan.h"
#include "pgsluice/sync/attach.h"

namespace pgsluice::app {

namespace {

sync::LockWaiting SayOn(std::ostream& err) {
  return [&err](const std::string& line) { err << line << '\n'; };
}

const catalog::Table& FindTable(const catalog::Catalog& catalog, const std::string& name) {
  if (const catalog::Table* table = catalog.Find(name)) return *table;
  std::vector<std::string> names;
  for (const catalog::Table& table : catalog.tables()) {
    names.push_back(table.QualifiedName());
    if (table.schema == "public") names.push_back(table.name);
  }
  const std::string nearest = config::Nearest(name, names);
  throw Error(Disposition::kFatal, "there is no table " + name,
              nearest.empty() ? "" : "did you mean " + nearest + "?");
}

}  // namespace

std::string AttachScript(const std::string& sql) {
  return "BEGIN;\nSET LOCAL lock_timeout = '2s';\n" + sql + "COMMIT;\n";
}

WantedTables WantedAttachments(const config::Config& config, const std::vector<std::string>& tables,
                               pg::Session& session, std::ostream& err) {
  const auto catalog = catalog::Catalog::Load(session);
  config::Findings findings = plan::NotIndexed(config, catalog, session);
  const auto plans = plan::BuildPlans(config, catalog, session, findings);
  WantedTables wanted;
  const bool wrong = PrintFindings(findings, err);
  const auto configured = plan::Attachments(plans);
  if (tables.empty()) {
    wanted.attachments = configured;
    wanted.misfits = wrong;
    return wanted;
  }
  for (const std::string& name : tables) {
    const catalog::Table& table = FindTable(catalog, name);
    const auto known = std::find_if(configured.begin(), configured.end(),
                                    [&](const auto& one) { return one.table == table.oid; });
    if (known != configured.end()) {
      wanted.attachments.push_back(*known);
    } else {
      wanted.attachments.push_back({table.oid, table.QualifiedName(), table.Identity(), {}});
    }
  }
  return wanted;
}

void AttachAll(pg::Session& session, const std::vector<plan::Attachment>& attachments,
               std::ostream& err) {
  for (const plan::Attachment& attachment : attachments) {
    sync::AttachTable(session, attachment, SayOn(err));
    err << attachment.table_name << ": attached\n";
  }
}

int RunAttach(const Context& context) {
  pg::Session session({.url = context.config.database.url});
  migrate::Migrator::CheckVersion(session);
  const auto wanted =
      WantedAttachments(context.config, context.invocation.arguments, session, context.err);
  if (!context.invocation.Has("print")) {
    AttachAll(session, wanted.attachments, context.err);
    return wanted.misfits ? kBadConfiguration : kOk;
  }
  for (const plan::Attachment& attachment : wanted.attachments) {
    const std::string sql = sync::AttachSql(session, attachment);
    context.out << "-- " << attachment.table_name << (sql.empty() ? ": attached already" : "")
                << '\n';
    if (!sql.empty()) context.out << AttachScript(sql);
  }
  return kOk;
}

int RunDetach(const Context& context) {
  pg::Session session({.url = context.config.database.url});
  migrate::Migrator::CheckVersion(session);
  const auto wanted =
      WantedAttachments(context.config, context.invocation.arguments, session, context.err);
  for (const plan::Attachment& attachment : wanted.attachments) {
    if (context.invocation.Has("print")) {
      context.out << "-- " << attachment.table_name << '\n'
                  << AttachScript(sync::DetachSql(session, attachment));
      continue;
    }
    sync::DetachTable(session, attachment, SayOn(context.err));
    context.err << attachment.table_name << ": detached\n";
  }
  return kOk;
}

}  // namespace pgsluice::app
