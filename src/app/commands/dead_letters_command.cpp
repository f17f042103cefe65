#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <ostream>

#include "app/commands/commands.h"
#include "app/commands/dead_letters.h"
#include "pgsluice/base/printable.h"
#include "pgsluice/json/build.h"
#include "pgsluice/migrate/migrator.h"
#include "pgsluice/outbox/outbox.h"

namespace pgsluice::app {

namespace {

std::vector<std::int64_t> Ids(const Invocation& invocation) {
  std::vector<std::int64_t> ids;
  for (const std::string& text : invocation.arguments) {
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || end != text.data() + text.size()) {
      throw UsageError('"' + text + "\" is not an id", "pgsluice dead-letters list shows the ids");
    }
    ids.push_back(id);
  }
  return ids;
}

int List(const Context& context, pg::Session& session) {
  const auto letters = outbox::ListDeadLetters(session);
  if (context.invocation.Has("json")) {
    context.out << ToJson(letters) << '\n';
    return kOk;
  }
  const std::string& database = context.config.database.name;
  for (const outbox::DeadLetter& letter : letters) {
    context.out << base::Printable(database) << (database.empty() ? "" : ":") << letter.id << "  "
                << letter.index << '/' << base::Printable(letter.document_id) << "  "
                << letter.status << ", " << letter.attempts << " attempts, last " << letter.last_at
                << "\n    " << base::Printable(letter.error) << '\n';
  }
  if (letters.empty()) context.err << "no dead letters\n";
  return kOk;
}

json::ObjectPtr Describe(const outbox::DeadLetter& letter) {
  json::ObjectPtr out = json::Members({{"id", letter.id},
                                       {"index", letter.index},
                                       {"document_id", letter.document_id},
                                       {"key", json::Raw(letter.key)},
                                       {"error", letter.error},
                                       {"status", letter.status},
                                       {"attempts", letter.attempts},
                                       {"first_at", letter.first_at},
                                       {"last_at", letter.last_at}});
  if (!letter.database.empty()) out->set("database", letter.database);
  return out;
}

/// Returns the ids that no dead letter has.
std::vector<std::int64_t> Unknown(pg::Session& session, std::vector<std::int64_t> ids) {
  if (ids.empty()) return ids;
  for (const outbox::DeadLetter& letter : outbox::ListDeadLetters(session)) {
    std::erase(ids, letter.id);
  }
  return ids;
}

}  // namespace

std::string ToJson(const std::vector<outbox::DeadLetter>& letters) {
  json::ArrayPtr out = json::Items();
  for (const outbox::DeadLetter& letter : letters) out->add(Describe(letter));
  return json::ToText(out);
}

void WithoutRow(outbox::DeadLetter& letter) {
  letter.document_id.clear();
  letter.key = "null";
  letter.error = letter.error.substr(0, letter.error.find(':'));
}

int RunDeadLetters(const Context& context) {
  const Invocation& invocation = context.invocation;
  const auto ids = Ids(invocation);
  const bool change = invocation.subcommand != "list";
  if (!change && !ids.empty()) throw UsageError("list takes no ids", "");
  if (change && ids.empty() && !invocation.Has("all")) {
    throw UsageError("no ids are given",
                     invocation.subcommand == "retry" ? "--all means all of them" : "");
  }
  if (!ids.empty() && invocation.Has("all")) throw UsageError("ids and --all are given", "");
  pg::Session session({.url = context.config.database.url});
  migrate::Migrator::CheckVersion(session);
  if (!change) return List(context, session);
  const bool retry = invocation.subcommand == "retry";
  const std::vector<std::int64_t> unknown = Unknown(session, ids);
  const std::int64_t count =
      retry ? outbox::RetryDeadLetters(session, ids) : outbox::DiscardDeadLetters(session, ids);
  if (invocation.Has("json")) {
    const std::string done = retry ? "retried" : "discarded";
    context.out << json::ToText(json::Members({{done, count}})) << '\n';
  } else if (unknown.empty() || count > 0) {
    context.out << count << (retry ? " to be written again\n" : " discarded\n");
  }
  if (unknown.empty()) return kOk;
  throw Error(Disposition::kReject,
              fmt::format("no dead letter has the id {}", fmt::join(unknown, ", ")),
              "pgsluice dead-letters list shows the ids; a letter disappears when its document is "
              "written");
}

}  // namespace pgsluice::app
