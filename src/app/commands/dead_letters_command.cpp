#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <ostream>

#include "app/commands/commands.h"
#include "app/commands/dead_letters.h"
#include "pgsluice/base/printable.h"
#include "pgsluice/json/writer.h"
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

std::string Json(const outbox::DeadLetter& letter) {
  return "{\"id\":" + std::to_string(letter.id) + ",\"index\":" + json::Quote(letter.index) +
         ",\"document_id\":" + json::Quote(letter.document_id) + ",\"key\":" + letter.key +
         ",\"error\":" + json::Quote(letter.error) +
         ",\"status\":" + std::to_string(letter.status) +
         ",\"attempts\":" + std::to_string(letter.attempts) +
         ",\"first_at\":" + json::Quote(letter.first_at) +
         ",\"last_at\":" + json::Quote(letter.last_at) +
         (letter.database.empty() ? "" : ",\"database\":" + json::Quote(letter.database)) + '}';
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
  std::string out = "[";
  for (const outbox::DeadLetter& letter : letters) {
    out += (out.size() > 1 ? ",\n " : "") + Json(letter);
  }
  return out + ']';
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
    context.out << "{\"" << (retry ? "retried" : "discarded") << "\":" << count << "}\n";
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
