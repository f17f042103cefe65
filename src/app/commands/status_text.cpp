#include "app/commands/status_text.h"

#include <spdlog/fmt/fmt.h>

#include <ostream>

#include "pgsluice/base/printable.h"

namespace pgsluice::app {

namespace {

using json::Value;

// A backfill without progress for this long is stuck, because a task takes seconds.
constexpr std::int64_t kStuckSeconds = 120;

std::string Text(const Value& object, std::string_view name) {
  const Value* value = object.Find(name);
  return value == nullptr || value->IsNull() ? "?" : base::Printable(value->text);
}

std::int64_t Number(const Value& object, std::string_view name) {
  const Value* value = object.Find(name);
  return value == nullptr ? 0 : value->AsInt().value_or(0);
}

/// Returns what to do about a trouble of that part, and what is safe meanwhile.
std::string Advice(const std::string& reason) {
  // An engine that answers does not have to be started; its answer contains the reason.
  if (reason.starts_with("engine: ") && (reason.find("status ") != std::string::npos ||
                                         reason.find("_exception") != std::string::npos)) {
    return "nothing is lost: changes wait in the outbox. See what the engine refuses, and its log";
  }
  if (reason.rfind("engine: ", 0) == 0) {
    return "nothing is lost: changes wait in the outbox, searches fail. Start the search engine, "
           "or "
           "check elasticsearch.urls and the network; it continues by itself";
  }
  if (reason.rfind("database: ", 0) == 0) {
    return "searches continue with what the indexes contain. Start PostgreSQL, or check "
           "database.url and "
           "the network; it continues by itself";
  }
  if (reason.rfind("sync: ", 0) == 0) {
    return "changes wait in the outbox. If it does not pass by itself: the log of the service, and "
           "pgsluice config check";
  }
  return {};
}

void PrintTroubles(const Value& status, std::ostream& out) {
  const std::string phase = Text(status, "phase");
  const Value* reason = status.Find("reason");
  // Troubles of single indexes are shown with the indexes.
  if (reason != nullptr && !reason->text.empty() && !reason->text.starts_with("index ")) {
    out << "  wrong: " << base::Printable(reason->text) << '\n';
    const std::string advice = Advice(reason->text);
    if (!advice.empty()) out << "  do:    " << advice << '\n';
  }
  if (phase == "stopped") {
    out << "  wrong: no process syncs; changes wait in the outbox\n  do:    pgsluice run\n";
  }
  if (phase == "running elsewhere") {
    out << "  a service runs, but not at this admin address: its own status knows more\n";
  }
  if (Number(status, "dead_letters") > 0) {
    out << "  wrong: " << Text(status, "dead_letters")
        << " dead letters: documents that the engine refuses; all others continue\n"
           "  do:    pgsluice dead-letters list, correct the rows or the mapping, then pgsluice "
           "dead-letters "
           "retry --all\n";
  }
}

void PrintDatabases(const Value& databases, std::ostream& out) {
  out << "databases\n";
  for (const auto& [name, database] : databases.members) {
    out << fmt::format("  {:<24} {:<14} lag {}, {} pending, {} dead letters\n",
                       base::Printable(name), Text(database, "phase"),
                       Duration(Number(database, "lag_ms")), Number(database, "pending"),
                       Number(database, "dead_letters"));
    const std::string reason = Text(database, "reason");
    if (!reason.empty() && reason != "?") out << "    wrong: " << base::Printable(reason) << '\n';
  }
}

void PrintIndex(const std::string& name, const Value& index, std::ostream& out) {
  out << fmt::format("  {:<24} {:<14} {} documents, {} pending, {} dead letters\n",
                     base::Printable(name), Text(index, "state"), Text(index, "documents"),
                     Text(index, "pending"), Text(index, "dead_letters"));
  const std::string reason = Text(index, "reason");
  if (!reason.empty() && reason != "?") out << "    wrong: " << reason << '\n';
  const std::string remedy = Text(index, "remedy");
  if (remedy != "?") out << "    do:    " << remedy << '\n';
  if (Number(index, "unsearchable") > 0) {
    out << fmt::format(
        "    note:  {} documents hold values that no search finds, because they are too long or "
        "out "
        "of range\n",
        Number(index, "unsearchable"));
  }
  const Value* verified = index.Find("verified");
  if (verified != nullptr && verified->IsObject()) {
    out << fmt::format("    verified: {}, {} documents compared, {} differences, {} repaired\n",
                       Text(*verified, "complete_at"), Text(*verified, "compared"),
                       Text(*verified, "differences"), Text(*verified, "repaired"));
  }
  const Value* backfill = index.Find("backfill");
  const bool reads = backfill != nullptr && backfill->IsObject();
  const std::string building = Text(index, "building");
  if (!reads && building != "?" && Text(index, "state") == "reindexing") {
    out << "    reindex: " << building << " is compared\n";
  }
  if (!reads) return;
  out << (building == "?" ? "    backfill: " : "    reindex: " + building + ", ")
      << Text(*backfill, "done") << " of " << Text(*backfill, "total");
  if (Text(*backfill, "eta_s") != "?") {
    out << ", " << Duration(Number(*backfill, "eta_s") * 1000) << " to go";
  }
  out << '\n';
  if (Number(*backfill, "idle_s") < kStuckSeconds) return;
  out << "    wrong: no progress for " << Duration(Number(*backfill, "idle_s") * 1000)
      << "\n    do:    see whether a service runs and what it complains about; what is done is "
         "kept\n";
}

void PrintTables(const Value& tables, std::ostream& out) {
  out << "tables\n";
  for (const auto& [name, table] : tables.members) {
    const Value* attached = table.Find("attached");
    const bool is_attached = attached != nullptr && attached->boolean;
    out << fmt::format("  {:<24} {}\n", base::Printable(name),
                       is_attached ? "attached" : "not attached; run: pgsluice attach");
  }
}

}  // namespace

std::string Duration(std::int64_t ms) {
  if (ms < 10'000) return fmt::format("{} ms", ms);
  if (ms < 120'000) return fmt::format("{} s", ms / 1000);
  const std::int64_t minutes = ms / 60'000;
  if (minutes < 60) return fmt::format("{} min", minutes);
  return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

void PrintStatus(const Value& status, std::ostream& out) {
  out << "phase " << Text(status, "phase");
  if (status.Find("lag_ms") != nullptr) {
    out << ", lag " << Duration(Number(status, "lag_ms")) << ", " << Text(status, "pending")
        << " pending, " << Text(status, "dead_letters") << " dead letters";
  }
  out << '\n';
  PrintTroubles(status, out);
  if (const Value* databases = status.Find("databases")) PrintDatabases(*databases, out);
  const Value* indexes = status.Find("indexes");
  if (indexes != nullptr && !indexes->members.empty()) {
    out << "indexes\n";
    for (const auto& [name, index] : indexes->members) PrintIndex(name, index, out);
  }
  if (const Value* tables = status.Find("tables")) PrintTables(*tables, out);
  if (const Value* versions = status.Find("versions")) {
    out << "versions";
    for (const auto& [name, version] : versions->members)
      out << "  " << name << ' ' << base::Printable(version.text);
    out << '\n';
  }
}

}  // namespace pgsluice::app
