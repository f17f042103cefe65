#include "sync/live/synced_keys.h"

#include <algorithm>

#include "pgsluice/json/value.h"

namespace pgsluice::sync {

namespace {

constexpr std::size_t kMost = 32768;

/// Returns the root's part of a key. One value may be written as a number or as a text, but null
/// and "" differ.
std::string RootKey(const plan::Plan& plan, const std::string& key) {
  const json::Value array = json::Parse(key);
  std::string root;
  for (std::size_t i = 0; i < std::min(plan.key.size(), array.items.size()); ++i) {
    const json::Value& item = array.items[i];
    root += item.IsNull() ? "null" : "=" + item.text;
    root += '\0';
  }
  return root;
}

/// A key identifies a row only within its schema.
std::string NameOf(const plan::Plan& plan) { return plan.name + '\n' + plan.schema; }

}  // namespace

void SyncedKeys::Add(const plan::Plan& plan, const std::vector<std::string>& keys) {
  if (!useful_) return;
  auto& roots = roots_[NameOf(plan)];
  for (const std::string& key : keys) {
    if (roots.size() >= kMost) return;
    roots.insert(RootKey(plan, key));
  }
}

bool SyncedKeys::Has(const plan::Plan& plan, const std::string& key) const {
  const auto roots = roots_.find(NameOf(plan));
  return roots != roots_.end() && roots->second.contains(RootKey(plan, key));
}

}  // namespace pgsluice::sync
