#include "pgsluice/engine/try_index.h"

#include <spdlog/fmt/fmt.h>

#include <random>

#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::engine {

namespace {

// Follows the alias. With three random characters it is as long as "-000001".
constexpr std::string_view kSuffix = "-try";
constexpr const char* kHidden = "index.hidden";

/// Deletes the index in any case.
class Attempt {
 public:
  Attempt(Engine& engine, std::string name) : engine_(engine), name_(std::move(name)) {}
  ~Attempt() {
    try {
      engine_.DeleteIndex(name_);
    } catch (const Error&) {  // The next attempt removes it.
    }
  }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  void Make(const std::string& body) {
    json::Value hidden = json::Parse(body);
    for (auto& [name, settings] : hidden.members) {
      if (name != "settings" || settings.Find(kHidden) != nullptr) continue;
      settings.members.emplace_back(kHidden, json::Parse("true"));
    }
    engine_.CreateIndex(name_, json::ToText(hidden), "?wait_for_active_shards=0");
  }

 private:
  Engine& engine_;
  std::string name_;
};

/// Deletes indexes that a killed process left behind.
void RemoveLeftovers(Engine& engine, const std::string& alias) {
  const std::string begin = alias + std::string(kSuffix);
  for (const auto& [name, uuid] : engine.Uuids(begin + "*")) {
    if (name.starts_with(begin) && name.size() == begin.size() + 3) engine.DeleteIndex(name);
  }
}

}  // namespace

std::optional<Error> TryIndex(Engine& engine, const std::string& alias, const std::string& body,
                              const std::function<void(const std::string& name)>& then) {
  try {
    RemoveLeftovers(engine, alias);
    const std::string random = fmt::format("{:03x}", std::random_device{}() % 0x1000U);
    const std::string name = alias + std::string(kSuffix) + random;
    Attempt attempt(engine, name);
    attempt.Make(body);
    if (then) then(name);
    return std::nullopt;
  } catch (const CredentialsRefused&) {
    throw;
  } catch (const Error& error) {
    if (error.disposition() == Disposition::kRetry) throw;
    return error;
  }
}

}  // namespace pgsluice::engine
