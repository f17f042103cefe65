#pragma once

#include <functional>
#include <optional>
#include <string>

#include "pgsluice/base/error.h"
#include "pgsluice/engine/engine.h"

namespace pgsluice::engine {

/// Tries whether the engine would create an index behind `alias` with `body`. Creates a hidden
/// index without documents, whose name is as long as a real one, calls `then` with that name, and
/// deletes the index. Returns the refusal, if there is one. Throws Error(kRetry) if the engine
/// cannot be reached, and CredentialsRefused.
std::optional<Error> TryIndex(Engine& engine, const std::string& alias, const std::string& body,
                              const std::function<void(const std::string& name)>& then = {});

}  // namespace pgsluice::engine
