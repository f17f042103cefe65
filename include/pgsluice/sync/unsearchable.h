#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "pgsluice/engine/engine.h"
#include "pgsluice/sync/index_set.h"
#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// Returns how many documents of each index contain values that no search can find, by index name.
std::map<std::string, std::int64_t> CountUnsearchable(engine::Engine& engine, const IndexSet& set);
/// Sets the metrics to these numbers, if the engine answers.
void ShowUnsearchable(const Shared& shared, const IndexSet& set);

}  // namespace pgsluice::sync
