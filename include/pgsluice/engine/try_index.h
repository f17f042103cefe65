#pragma once

#include <functional>
#include <optional>
#include <string>

#include "pgsluice/base/error.h"
#include "pgsluice/engine/engine.h"

namespace pgsluice::engine {

/// Whether the engine would make an index behind `alias` with `body`: makes a hidden one without
/// documents, whose name is as long as a real one's, calls `then` with that name, and deletes it
/// again. Returns the refusal, if there is one. Throws Error(kRetry) if the engine cannot be
/// reached, CredentialsRefused.
std::optional<Error> TryIndex(Engine& engine, const std::string& alias, const std::string& body,
                              const std::function<void(const std::string& name)>& then = {});

}  // namespace pgsluice::engine
