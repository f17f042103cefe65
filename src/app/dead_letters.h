#pragma once

#include <string>
#include <vector>

#include "pgsluice/outbox/outbox.h"

namespace pgsluice::app {

/// The array of CONTRACT 1, `dead-letters list --json`.
std::string ToJson(const std::vector<outbox::DeadLetter>& letters);

}  // namespace pgsluice::app
