#pragma once

#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "pgsluice/plan/plan.h"

namespace pgsluice::sync {

/// The documents that a batch has written so far. Each was read after all events of the batch were
/// claimed, so it includes their changes and need not be written for them again. For example, a row
/// that is inserted with its children is read and written once. Used by one thread.
class SyncedKeys {
 public:
  /// With a single piece of work, no document can come twice, so nothing is kept.
  explicit SyncedKeys(std::size_t works) : useful_(works > 1) {}

  /// Adds keys, which are JSON arrays that start with the root's key. At most 32,768 keys per index
  /// are kept (a few megabytes); documents beyond that are written again.
  void Add(const plan::Plan& plan, const std::vector<std::string>& keys);
  bool Has(const plan::Plan& plan, const std::string& key) const;

 private:
  const bool useful_;
  std::map<std::string, std::unordered_set<std::string>> roots_;  ///< By index.
};

}  // namespace pgsluice::sync
