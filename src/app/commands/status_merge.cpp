#include "app/commands/status_merge.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "pgsluice/json/build.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::app {

namespace {

using json::Value;

/// The worst first.
constexpr std::array<std::string_view, 5> kPhases = {"degraded", "stopped", "running elsewhere",
                                                     "backfilling", "live"};

std::string Text(const Value& object, std::string_view name) {
  const Value* value = object.Find(name);
  return value == nullptr ? std::string() : value->text;
}

std::int64_t Number(const Value& object, std::string_view name) {
  const Value* value = object.Find(name);
  return value == nullptr ? 0 : static_cast<std::int64_t>(value->AsDouble().value_or(0));
}

std::size_t Rank(const std::string& phase) {
  return static_cast<std::size_t>(std::find(kPhases.begin(), kPhases.end(), phase) -
                                  kPhases.begin());
}

Value String(const std::string& text) {
  Value value;
  value.type = json::Type::kString;
  value.text = text;
  return value;
}

class Merge {
 public:
  void Add(const StatusPart& part) {
    const Value status = json::Parse(part.json);
    const std::string phase = Text(status, "phase"), reason = Text(status, "reason");
    if (phase_.empty() || Rank(phase) < Rank(phase_)) phase_ = phase;
    if (!reason.empty()) {
      reason_ += (reason_.empty() ? "" : "; ") + ReasonOf(part.database, reason);
    }
    lag_ms_ = std::max(lag_ms_, Number(status, "lag_ms"));
    pending_ += Number(status, "pending");
    dead_letters_ += Number(status, "dead_letters");
    if (part.database.empty()) return;
    AddIndexes(part.database, status);
    if (const Value* tables = status.Find("tables")) {
      for (const auto& [name, table] : tables->members) {
        tables_->set(part.database + '.' + name, json::Raw(json::ToText(table)));
      }
    }
    databases_->set(part.database, json::Raw(OwnOf(status)));
    if (const Value* versions = status.Find("versions")) {
      for (const auto& [name, version] : versions->members) {
        if (name == "pgsluice" || (name == "engine" && engine_.empty())) {
          (name == "engine" ? engine_ : pgsluice_) = version.text;
        }
      }
    }
  }

  std::string Json() const {
    json::ObjectPtr versions = json::Members();
    if (!pgsluice_.empty()) versions->set("pgsluice", pgsluice_);
    if (!engine_.empty()) versions->set("engine", engine_);
    return json::ToText(json::Members({{"phase", phase_.empty() ? "live" : phase_},
                                       {"reason", reason_},
                                       {"lag_ms", lag_ms_},
                                       {"pending", pending_},
                                       {"dead_letters", dead_letters_},
                                       {"indexes", indexes_},
                                       {"tables", tables_},
                                       {"databases", databases_},
                                       {"versions", versions}}));
  }

 private:
  void AddIndexes(const std::string& database, const Value& status) {
    const Value* indexes = status.Find("indexes");
    if (indexes == nullptr) return;
    for (const auto& [name, index] : indexes->members) {
      Value marked = index;
      marked.members.emplace(marked.members.begin(), "database", String(database));
      indexes_->set(name, json::Raw(json::ToText(marked)));
    }
  }

  /// Returns the status without its lists, which are merged separately.
  static std::string OwnOf(Value status) {
    std::erase_if(status.members, [](const auto& member) {
      return member.first == "indexes" || member.first == "tables";
    });
    return json::ToText(status);
  }

  std::string phase_, reason_, pgsluice_, engine_;
  json::ObjectPtr indexes_ = json::Members(), tables_ = json::Members(),
                  databases_ = json::Members();
  std::int64_t lag_ms_ = 0, pending_ = 0, dead_letters_ = 0;
};

}  // namespace

std::string MergeStatus(const std::vector<StatusPart>& parts) {
  Merge merge;
  for (const StatusPart& part : parts) merge.Add(part);
  return merge.Json();
}

std::string StatusOf(const Value& merged, const std::string& database) {
  const Value* own = merged.Find({"databases", database});
  Value status = own == nullptr ? json::Parse(Degraded("")) : *own;
  Value indexes = json::Parse("{}"), tables = indexes;
  if (const Value* all = merged.Find("indexes")) {
    for (const auto& [name, index] : all->members) {
      if (Text(index, "database") != database) continue;
      Value plain = index;
      std::erase_if(plain.members, [](const auto& member) { return member.first == "database"; });
      indexes.members.emplace_back(name, std::move(plain));
    }
  }
  const std::string before = database + '.';
  if (const Value* all = merged.Find("tables")) {
    for (const auto& [name, table] : all->members) {
      if (name.starts_with(before)) tables.members.emplace_back(name.substr(before.size()), table);
    }
  }
  status.members.emplace_back("indexes", std::move(indexes));
  status.members.emplace_back("tables", std::move(tables));
  return MergeStatus({{database, json::ToText(status)}});
}

std::string Degraded(const std::string& reason) {
  return json::ToText(json::Members({{"phase", "degraded"}, {"reason", reason}}));
}

std::string ReasonOf(const std::string& database, const std::string& reason) {
  constexpr std::string_view kOwn = "database: ";
  if (database.empty()) return reason;
  const bool own = reason.starts_with(kOwn);
  return "database " + database + ": " + (own ? reason.substr(kOwn.size()) : reason);
}

}  // namespace pgsluice::app
