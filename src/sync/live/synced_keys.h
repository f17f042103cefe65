#pragma once

#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "pgsluice/plan/plan.h"

namespace pgsluice::sync {

/// The documents that a batch has written so far. Each was read after all events of the batch were
/// claimed, so another event of the batch for the same document has nothing to add: a row that is
/// inserted with its children is read and written once. Used by one thread.
class SyncedKeys {
 public:
  /// With a single piece of work, no document can come twice, so nothing is kept.
  explicit SyncedKeys(std::size_t works) : useful_(works > 1) {}

  /// `keys`: JSON arrays, the root's key first. At most 32,768 keys of an index are kept (a few
  /// megabytes); others are written again.
  void Add(const plan::Plan& plan, const std::vector<std::string>& keys);
  bool Has(const plan::Plan& plan, const std::string& key) const;

 private:
  const bool useful_;
  std::map<std::string, std::unordered_set<std::string>> roots_;  ///< By index.
};

}  // namespace pgsluice::sync
