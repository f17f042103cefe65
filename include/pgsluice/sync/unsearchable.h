#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "pgsluice/engine/engine.h"
#include "pgsluice/sync/index_set.h"
#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// By name, how many documents of each index hold values that no search finds.
std::map<std::string, std::int64_t> CountUnsearchable(engine::Engine& engine, const IndexSet& set);
/// Puts that into the metrics, if the engine answers.
void ShowUnsearchable(const Shared& shared, const IndexSet& set);

}  // namespace pgsluice::sync
