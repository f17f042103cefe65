#include "app/service/databases.h"

#include <pthread.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "app/cli/tokens.h"
#include "app/commands/dead_letters.h"
#include "app/commands/status_merge.h"
#include "pgsluice/config/databases.h"
#include "pgsluice/config/finding.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/pg/databases.h"
#include "pgsluice/plan/index_names.h"
#include "pgsluice/query/problem.h"
#include "pgsluice/sync/wakeup.h"

namespace pgsluice::app {

namespace {

using observe::Level;
using observe::Log;

constexpr std::chrono::seconds kBetweenLists{3};

}  // namespace

Databases::Databases(const config::Config& config, std::shared_ptr<engine::Engine> engine,
                     observe::Registry& registry, bool syncs)
    : config_(config),
      engine_(std::move(engine)),
      registry_(registry),
      syncs_(syncs),
      named_(config::HasNames(config)) {
  if (!named_) Add(config.database);
  for (const config::Database& database : config.databases) Add(database);
  if (config.database.all) unlisted_ = "its databases are not known yet";
}

Databases::~Databases() { Stop(); }

bool Databases::Start(const std::stop_token& stop) {
  if (!named_) return Present()->front()->Start(stop);
  for (const One& one : *Present()) one->StartAside();
  if (config_.database.all) {
    discovery_ = std::jthread([this](const std::stop_token& s) { Discover(s); });
  }
  return true;
}

void Databases::LogProgress(const std::stop_token& stop) {
  if (!named_) return Present()->front()->LogProgress(stop);
  // With several databases, each one logs its own progress.
  sync::SleepUnlessStopped(std::chrono::hours(24 * 365 * 10), stop);
}

void Databases::Stop() {
  discovery_.request_stop();
  if (discovery_.joinable()) discovery_.join();
  std::vector<std::jthread> stopping;  // In parallel: each finishes what is in flight.
  for (const One& one : *Present()) stopping.emplace_back([one] { one->Stop(); });
}

void Databases::Discover(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "databases");
  std::unique_ptr<pg::Session> session;
  do {
    std::string trouble;
    try {
      LookForNew(session);
    } catch (const Error& error) {
      trouble = error.Full();
      Log(Level::kDebug, "app", "the server's databases cannot be listed: " + trouble);
    }
    const base::MutexLock lock(mutex_);
    unlisted_ = trouble;
  } while (sync::SleepUnlessStopped(kBetweenLists, stop));
}

void Databases::LookForNew(std::unique_ptr<pg::Session>& session) {
  if (session == nullptr || session->broken()) {
    session = std::make_unique<pg::Session>(
        pg::SessionOptions{.url = config_.database.url, .application_name = "pgsluice databases"});
  }
  const auto known = Present();
  for (const std::string& name : pg::ListDatabases(*session)) {
    const bool is_known = std::any_of(known->begin(), known->end(),
                                      [&](const One& one) { return one->name() == name; });
    if (is_known || !MayAdd(name)) continue;
    Log(Level::kInfo, "app", "a database of the server is followed from now on",
        {{"database", name}});
    Add({.url = pg::WithDatabase(config_.database.url, name), .name = name, .all = true});
    Present()->back()->StartAside();
  }
}

bool Databases::MayAdd(const std::string& name) {
  const auto& indexes = config_.indexes;
  if (!config_.all_tables) {
    return std::any_of(indexes.begin(), indexes.end(),
                       [&](const config::Index& index) { return index.database == name; });
  }
  const std::string before = plan::NameBefore(name);
  for (const One& one : *Present()) {
    const std::string other = plan::NameBefore(one->name());
    if (!before.starts_with(other) && !other.starts_with(before)) continue;
    if (refused_.insert(name).second) {
      Log(Level::kError, "app",
          fmt::format("its index names would collide with those of database {}: it is left alone",
                      one->name()),
          {{"database", name}, {"remedy", "write a configuration that names the indexes"}});
    }
    return false;
  }
  return true;
}

void Databases::Add(const config::Database& database) {
  auto one = std::make_shared<DatabaseService>(
      named_ ? config::ForDatabase(config_, database) : config_, engine_, registry_, syncs_);
  const base::MutexLock lock(mutex_);
  auto list = std::make_shared<List>(*list_);
  list->push_back(std::move(one));
  list_ = std::move(list);
}

std::shared_ptr<const Databases::List> Databases::Present() const {
  const base::MutexLock lock(mutex_);
  return list_;
}

std::shared_ptr<const api::IndexSet> Databases::Indexes() const {
  auto indexes = std::make_shared<api::IndexSet>();
  for (const One& one : *Present()) one->AddIndexes(*indexes);
  return indexes;
}

bool Databases::ready() const {
  const auto list = Present();
  {
    const base::MutexLock lock(mutex_);
    if (!unlisted_.empty()) return false;
  }
  return std::all_of(list->begin(), list->end(), [](const One& one) { return one->ready(); });
}

std::string Databases::Reason(const std::string& outer) const {
  const auto list = Present();
  if (!named_) return list->front()->Reason(outer);
  if (!outer.empty()) return outer;
  std::string all;
  {
    const base::MutexLock lock(mutex_);
    if (!unlisted_.empty()) all = "database: " + unlisted_;
  }
  for (const One& one : *list) {
    const std::string reason = one->Reason("");
    if (reason.empty()) continue;
    all += (all.empty() ? "" : "; ") + ReasonOf(one->name(), reason);
  }
  return all;
}

std::string Databases::Status(const std::string& outer) {
  const auto list = Present();
  if (!named_) return list->front()->Status(outer);
  std::vector<StatusPart> parts;
  for (const One& one : *list) parts.push_back({one->name(), one->Status(outer)});
  {
    const base::MutexLock lock(mutex_);
    if (!unlisted_.empty()) {
      parts.push_back({"", Degraded("database: " + unlisted_)});
    }
  }
  return MergeStatus(parts);
}

void Databases::ReportAccess(const config::Config& config) const {
  for (const One& one : *Present()) one->ReportAccess(config);
}

std::shared_ptr<const query::CursorKeys> Databases::CursorKeys(const std::string& cursor) {
  // All processes sign with the keys of the first database that they reach, and accept those of
  // any.
  std::shared_ptr<const query::CursorKeys> first;
  for (const One& one : *Present()) {
    auto keys = one->Keys(cursor);
    if (keys == nullptr) continue;
    if (cursor.empty() || keys->KnowsKeyOf(cursor)) return keys;
    if (first == nullptr) first = std::move(keys);
  }
  return first == nullptr ? own_keys_ : first;
}

std::string Databases::DeadLetters(bool with_rows) {
  std::vector<outbox::DeadLetter> all;
  for (const One& one : *Present()) {
    try {
      for (outbox::DeadLetter& letter : one->DeadLetters()) {
        if (!with_rows) WithoutRow(letter);
        letter.database = one->name();
        all.push_back(std::move(letter));
      }
    } catch (const Error&) {
      if (!named_) throw;  // /status reports the trouble of the others.
    }
  }
  return ToJson(all);
}

std::int64_t Databases::Retry(const std::string& database, std::optional<std::int64_t> id) {
  if (id) return Asked(database)->Retry(id);
  std::int64_t retried = 0;
  for (const One& one : *Present()) {
    try {
      retried += one->Retry(id);
    } catch (const Error&) {
      if (!named_) throw;
    }
  }
  return retried;
}

Databases::One Databases::Asked(const std::string& name) const {
  try {
    return Require(name);
  } catch (const Error& error) {
    throw query::Problem(400, "invalid_parameter", error.what());
  }
}

std::vector<std::string> Databases::DatabaseNames() {
  std::vector<std::string> names;
  for (const One& one : *Present()) {
    if (!one->idle()) names.push_back(one->name());
  }
  return names;
}

Databases::One Databases::Find(const std::string& name) const {
  const auto list = Present();
  const auto found =
      std::find_if(list->begin(), list->end(), [&](const One& one) { return one->name() == name; });
  return found == list->end() ? nullptr : *found;
}

Databases::One Databases::Require(const std::string& name) const {
  if (One one = Find(name)) return one;
  const auto list = Present();
  std::vector<std::string> names;
  for (const One& one : *list) names.push_back(one->name());
  if (name.empty() && list->size() == 1) return list->front();
  // In one sentence, because callers of the API do not see the hint.
  if (name.empty()) {
    throw Error(Disposition::kReject,
                fmt::format("the database is not named: write NAME:NUMBER, as in "
                            "{}:48213",
                            names.empty() ? "shop" : names.front()));
  }
  const std::string nearest = config::Nearest(name, names);
  throw Error(Disposition::kReject,
              fmt::format("there is no database '{}'{}", name,
                          nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

Databases::One Databases::Owner(const std::string& index) const {
  const auto list = Present();
  if (!named_) return list->front();
  const auto found =
      std::find_if(list->begin(), list->end(), [&](const One& one) { return one->Has(index); });
  return found == list->end() ? nullptr : *found;
}

std::string Databases::DatabaseOf(const std::string& index) {
  const One owner = Owner(index);
  return owner == nullptr ? std::string() : owner->name();
}

std::string Databases::Position(const std::string& database) {
  return Require(database)->Position();
}

// An index that was just removed has no database.
std::int64_t Databases::lag_ms(const std::string& database) {
  const One one = Find(database);
  return one == nullptr ? 0 : one->lag_ms();
}

std::int64_t Databases::pending(const std::string& database) {
  const One one = Find(database);
  return one == nullptr ? 0 : one->pending();
}

std::set<std::string> Databases::Filling(const std::string& database) {
  return Require(database)->Filling();
}

bool Databases::WaitUntilApplied(const std::string& token, const std::string& index,
                                 std::chrono::steady_clock::time_point deadline) {
  if (!named_) return Present()->front()->WaitUntilApplied(token, index, deadline);
  const One owner = index.empty() ? nullptr : Owner(index);
  for (const Token& one : ReadTokens(token)) {
    const One database = one.database.empty() && owner != nullptr ? owner : Require(one.database);
    if (owner != nullptr && database != owner) {
      sync::ParsePosition(one.number);
    } else if (!database->WaitUntilApplied(one.number, index, deadline)) {
      return false;
    }
  }
  return true;
}

}  // namespace pgsluice::app
