#include "app/cli/each_database.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>
#include <sstream>
#include <utility>

#include "app/cli/tokens.h"
#include "app/service/signals.h"
#include "pgsluice/base/printable.h"
#include "pgsluice/config/databases.h"
#include "pgsluice/json/build.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/pg/databases.h"
#include "pgsluice/plan/index_names.h"

namespace pgsluice::app {

namespace {

using Parts = std::vector<config::Config>;

/// The command's exit code is the first of these that it returned for any database.
constexpr std::array kGravest = {kFailed, kBadConfiguration, kTimeout, kDifferences, kOk};

/// Returns whether the server's database has something to index. If it cannot be asked, the
/// following steps report that.
bool IsWanted(const config::Config& config, const config::Database& database) {
  const auto& indexes = config.indexes;
  if (!config.all_tables) {
    return std::any_of(indexes.begin(), indexes.end(),
                       [&](const config::Index& index) { return index.database == database.name; });
  }
  try {
    pg::Session session({.url = database.url});
    return pg::HasTables(session);
  } catch (const Error&) {
    return true;
  }
}

std::vector<config::Database> Found(const config::Config& config) {
  pg::Session session({.url = config.database.url});
  std::vector<config::Database> found;
  for (const std::string& name : pg::ListDatabases(session)) {
    const config::Database database{
        .url = pg::WithDatabase(config.database.url, name), .name = name, .all = true};
    if (IsWanted(config, database)) found.push_back(database);
  }
  return found;
}

bool Owns(const config::Config& part, const std::string& index) {
  if (part.all_tables) return index.starts_with(plan::NameBefore(part.database.name));
  return std::any_of(part.indexes.begin(), part.indexes.end(),
                     [&](const config::Index& one) { return one.name == index; });
}

/// The command as each database gets it.
class Shared {
 public:
  Shared(const Invocation& invocation, const Parts& parts)
      : invocation_(invocation), parts_(parts) {
    if (OfIndexes()) CheckIndexes();
    if (invocation.command == "dead-letters") {
      for (const std::string& id : invocation.arguments) Check(ReadToken(id));
    }
    if (invocation.Has("after")) {
      for (const Token& token : ReadTokens(invocation.Option("after"))) Check(token);
    }
  }

  /// Returns nullopt if there is nothing to do in this database.
  std::optional<Invocation> For(const config::Config& part) const {
    Invocation one = invocation_;
    if (OfIndexes()) {
      std::erase_if(one.arguments, [&](const std::string& index) { return !Owns(part, index); });
    } else if (invocation_.command == "dead-letters") {
      one.arguments.clear();
      for (const std::string& id : invocation_.arguments) {
        if (Concerns(ReadToken(id), part)) one.arguments.push_back(ReadToken(id).number);
      }
    }
    if (one.arguments.empty() && !invocation_.arguments.empty()) return std::nullopt;
    if (!invocation_.Has("after")) return one;
    one.options.erase("after");
    for (const Token& token : ReadTokens(invocation_.Option("after"))) {
      if (Concerns(token, part)) one.options["after"] = token.number;
    }
    return one.Has("after") ? std::optional(one) : std::nullopt;
  }

 private:
  bool OfIndexes() const {
    const std::string& command = invocation_.command;
    return command == "backfill" || command == "verify" || command == "reindex" ||
           command == "preview";
  }

  bool Concerns(const Token& token, const config::Config& part) const {
    return token.database.empty() ? parts_.size() == 1 : token.database == part.database.name;
  }

  void CheckIndexes() const {
    for (const std::string& index : invocation_.arguments) {
      const bool owned = std::any_of(parts_.begin(), parts_.end(),
                                     [&](const auto& part) { return Owns(part, index); });
      if (owned) continue;
      throw Error(Disposition::kReject, "there is no index '" + index + "'",
                  "pgsluice status lists them");
    }
  }

  void Check(const Token& token) const {
    const auto& name = token.database;
    if (name.empty() && parts_.size() > 1) {
      throw UsageError(
          "'" + token.number + "' does not say which database it belongs to",
          fmt::format("write {}:{}, or use --database", parts_[0].database.name, token.number));
    }
    std::vector<std::string> names;
    for (const config::Config& part : parts_) names.push_back(part.database.name);
    if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return;
    const std::string nearest = config::Nearest(name, names);
    throw UsageError("there is no database '" + name + "'",
                     nearest.empty() ? "" : "did you mean '" + nearest + "'?");
  }

  const Invocation& invocation_;
  const Parts& parts_;
};

/// Combines the JSON texts of several databases into one, for commands that print JSON.
class JsonOf {
 public:
  explicit JsonOf(const Context& context) : context_(context) {
    const Invocation& invocation = context.invocation;
    const std::string words = invocation.command + ' ' + invocation.subcommand;
    if (!invocation.Has("json")) return;
    list_ = words == "migrate status" || words == "dead-letters list";
    diff_ = words == "config diff";
    named_ = words == "dead-letters retry" || words == "dead-letters discard" ||
             words == "prune " || words == "wait ";
  }

  bool Takes() const { return list_ || diff_ || named_; }

  void Add(const std::string& database, const std::string& text) {
    if (text.empty()) return;
    json::Value value = json::Parse(text);
    if (diff_) {
      const json::Value* indexes = value.Find("indexes");
      for (const auto& [name, index] : (indexes == nullptr ? value : *indexes).members) {
        indexes_->set(name, json::Raw(json::ToText(index)));
      }
    } else if (list_) {
      for (json::Value& item : value.items) {
        items_->add(json::Raw(json::ToText(Named(std::move(item), database))));
      }
    } else {
      context_.out << json::ToText(Named(std::move(value), database)) << '\n';
    }
  }

  void End() {
    if (list_) context_.out << json::ToText(items_) << '\n';
    if (diff_) context_.out << json::ToText(json::Members({{"indexes", indexes_}})) << '\n';
  }

 private:
  static json::Value Named(json::Value object, const std::string& database) {
    std::erase_if(object.members, [](const auto& member) { return member.first == "database"; });
    object.members.emplace(object.members.begin(), "database", json::Parse(json::Quote(database)));
    return object;
  }

  const Context& context_;
  bool list_ = false, diff_ = false, named_ = false;
  json::ArrayPtr items_ = json::Items();
  json::ObjectPtr indexes_ = json::Members();
};

/// Does the same in the configuration's text.
void KeepMembers(json::Value& effective, const std::string& name) {
  for (auto& [key, value] : effective.members) {
    if (key == "databases") {
      std::erase_if(value.members, [&](const auto& member) { return member.first != name; });
    } else if (key == "indexes") {
      std::erase_if(value.members, [&](const auto& member) {
        const json::Value* database = member.second.Find("database");
        return database != nullptr && database->text != name;
      });
    }
  }
}

int RunOne(Run run, const Context& context) {
  try {
    return run(context);
  } catch (const UsageError&) {
    throw;
  } catch (const BadConfiguration&) {
    return kBadConfiguration;
  } catch (const Error& error) {
    context.err << "pgsluice: error: database " << base::Printable(context.config.database.name)
                << ": " << base::Printable(error.what()) << '\n';
    if (!error.hint().empty()) context.err << "  hint: " << base::Printable(error.hint()) << '\n';
    return kFailed;
  }
}

}  // namespace

void KeepDatabase(config::Config& config, const std::string& name) {
  if (!config::HasNames(config)) {
    throw UsageError("--database names one of several databases, but there is only one",
                     "leave it out, or configure databases instead of database");
  }
  if (config.database.all) {
    config.databases = {{.url = pg::WithDatabase(config.database.url, name), .name = name}};
    config.database = {};
  }
  std::vector<std::string> names;
  for (const config::Database& database : config.databases) names.push_back(database.name);
  std::erase_if(config.databases, [&](const auto& database) { return database.name != name; });
  std::erase_if(config.indexes, [&](const auto& index) { return index.database != name; });
  KeepMembers(config.effective, name);
  if (!config.databases.empty()) return;
  const std::string nearest = config::Nearest(name, names);
  throw UsageError("there is no database '" + name + "'",
                   nearest.empty() ? "databases in the configuration has the names"
                                   : "did you mean '" + nearest + "'?");
}

std::vector<config::Config> EachDatabase(const config::Config& config) {
  if (!config.database.all) return config::PerDatabase(config);
  config::Config all = config;
  all.databases = Found(config);
  return config::PerDatabase(all);
}

bool WorksInEach(const Invocation& invocation) {
  static constexpr std::array kOthers = {"run", "sync", "serve", "status", "health", "keys"};
  if (std::find(kOthers.begin(), kOthers.end(), invocation.command) != kOthers.end()) return false;
  if (invocation.command == "migrate") return invocation.subcommand != "print";
  return invocation.command != "config" || invocation.subcommand == "check" ||
         invocation.subcommand == "diff";
}

int RunInEach(Run run, const Context& context) {
  const Parts parts = EachDatabase(context.config);
  const Shared shared(context.invocation, parts);
  JsonOf json(context);
  std::vector<int> codes = {kOk};
  config::Findings of_file = context.findings;  // printed once
  for (const config::Config& part : parts) {
    const std::optional<Invocation> invocation = shared.For(part);
    if (!invocation || Signals::Caught()) continue;
    if (!json.Takes()) context.err << "database " << base::Printable(part.database.name) << '\n';
    std::ostringstream text;
    codes.push_back(RunOne(run, {*invocation, part, of_file, json.Takes() ? text : context.out,
                                 context.err, context.started}));
    json.Add(part.database.name, text.str());
    of_file.clear();
  }
  json.End();
  return *std::find_if(kGravest.begin(), kGravest.end(), [&](int code) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
  });
}

}  // namespace pgsluice::app
