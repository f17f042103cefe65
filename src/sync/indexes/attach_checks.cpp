#include "sync/indexes/attach_checks.h"

#include <spdlog/fmt/fmt.h>

#include "pgsluice/pg/sql_error.h"
#include "pgsluice/pg/text_array.h"

namespace pgsluice::sync {

namespace {

constexpr const char* kInsufficientPrivilege = "42501";

// Reads the tables with their partitions and children. Which triggers they need depends on columns,
// keys, their place in the tree, and the functions that create triggers.
const pg::Statement kTables{"attach_checks", R"sql(
  WITH RECURSIVE tree (root, oid) AS (
    SELECT oid, oid FROM pg_catalog.unnest($1::oid[]) AS asked (oid)
    UNION
    SELECT tree.root, i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree ON i.inhparent = tree.oid),
  code AS MATERIALIZED (
    SELECT pg_catalog.sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(
             ROW(p.oid, p.xmin::text), 0), 0)) AS hash
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'pgsluice' AND p.proname = ANY (ARRAY[
      'attach_sql', 'function_sql', 'event_sql', 'many_sql', 'key_sql', 'column_of', 'differs_sql',
      'keys_per_row', 'trigger_sql', 'is_exact', 'is_plain_text', 'identity_of', 'has_key',
      'text_sql', 'key_text_sql', 'members_of', 'trigger_states'])),
  columns AS (
    SELECT tree.root, pg_catalog.count(DISTINCT tree.oid) AS members,
           pg_catalog.sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(
             ROW(a.attrelid, a.attnum, a.attname, a.atttypid, a.attcollation, a.attnotnull,
                 a.attisdropped, a.xmin::text), 1), 0)) AS hash
    FROM tree JOIN pg_catalog.pg_attribute a ON a.attrelid = tree.oid AND a.attnum > 0
    GROUP BY tree.root),
  keys AS (
    SELECT tree.root, pg_catalog.sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(
             ROW(i.indexrelid, i.indisunique, i.indisprimary, i.indisvalid, i.indimmediate,
                 i.xmin::text), 2), 0)) AS hash
    FROM tree JOIN pg_catalog.pg_index i ON i.indrelid = tree.oid GROUP BY tree.root),
  triggers AS (
    SELECT tree.root, pg_catalog.count(*) FILTER (WHERE t.tgenabled IN ('O', 'A')) AS firing,
           pg_catalog.sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(
             ROW(t.tgrelid, t.tgname, t.tgenabled, t.xmin::text), 3), 0)) AS hash
    FROM tree JOIN pg_catalog.pg_trigger t ON t.tgrelid = tree.oid
    WHERE t.tgname LIKE 'pgsluice\_%' GROUP BY tree.root)
  SELECT c.root::bigint,
         pg_catalog.concat_ws('/', c.hash, k.hash, code.hash,
           EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhrelid = c.root)),
         coalesce(t.hash, 0), c.members = 1 AND coalesce(t.firing, 0) = 4, coalesce(s.checked, '')
  FROM columns c CROSS JOIN code
  LEFT JOIN pgsluice.source s ON s.relation::oid = c.root AND s.is_current
  LEFT JOIN keys k ON k.root = c.root LEFT JOIN triggers t ON t.root = c.root)sql"};

const pg::Statement kSave{"attach_checks_save", R"sql(
  UPDATE pgsluice.source s SET checked = now_is.state
  FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::text[]))
    AS now_is (relation, state)
  WHERE s.relation::oid = now_is.relation AND s.is_current
    AND s.checked IS DISTINCT FROM now_is.state)sql"};

}  // namespace

AttachChecks::AttachChecks(pg::Session& session, const std::vector<plan::Attachment>& attachments)
    : session_(session), tables_(Read(attachments)) {}

std::map<std::uint32_t, AttachChecks::Table> AttachChecks::Read(
    const std::vector<plan::Attachment>& attachments) {
  std::vector<std::int64_t> oids;
  for (const plan::Attachment& attachment : attachments) oids.push_back(attachment.table);
  std::map<std::uint32_t, Table> tables;
  const pg::Result rows = session_.Exec(kTables, {pg::TextArray(oids)});
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    tables[static_cast<std::uint32_t>(rows.Int(row, 0))] = {
        std::string(rows.Text(row, 1)), std::string(rows.Text(row, 2)), rows.Bool(row, 3),
        std::string(rows.Text(row, 4))};
  }
  return tables;
}

std::string AttachChecks::StateOf(const Table& table, const plan::Attachment& attachment) {
  return fmt::format("{} {} {} {}", table.columns, table.triggers,
                     pg::TextArray(attachment.captured), pg::TextArray(attachment.watched));
}

bool AttachChecks::IsKnown(const plan::Attachment& attachment) const {
  const auto table = tables_.find(attachment.table);
  return table != tables_.end() && table->second.checked == StateOf(table->second, attachment);
}

void AttachChecks::Found(const plan::Attachment& attachment) {
  const auto table = tables_.find(attachment.table);
  if (table != tables_.end()) found_[attachment.table] = StateOf(table->second, attachment);
}

void AttachChecks::Attached(const std::vector<plan::Attachment>& attachments) {
  if (attachments.empty()) return;
  const std::map<std::uint32_t, Table> now = Read(attachments);
  for (const plan::Attachment& attachment : attachments) {
    const auto table = now.find(attachment.table);
    const auto before = tables_.find(attachment.table);
    // Another session may have changed the table or its triggers in between.
    const bool same = table != now.end() && before != tables_.end() && table->second.complete &&
                      table->second.columns == before->second.columns;
    if (!same) continue;
    found_[attachment.table] = StateOf(table->second, attachment);
  }
}

void AttachChecks::Save() {
  if (found_.empty()) return;
  std::vector<std::int64_t> oids;
  std::vector<std::string> states;
  for (const auto& [oid, state] : found_) {
    oids.push_back(oid);
    states.push_back(state);
  }
  try {
    session_.Exec(kSave, {pg::TextArray(oids), pg::TextArray(states)});
  } catch (const pg::SqlError& error) {
    // A role that may not write it checks all tables again at its next start.
    if (error.sqlstate() != kInsufficientPrivilege) throw;
  }
}

}  // namespace pgsluice::sync
