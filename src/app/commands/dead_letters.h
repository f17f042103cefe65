#pragma once

#include <string>
#include <vector>

#include "pgsluice/outbox/outbox.h"

namespace pgsluice::app {

/// Returns the array that `dead-letters list --json` prints (docs/operations.md).
std::string ToJson(const std::vector<outbox::DeadLetter>& letters);
/// Removes everything that contains values of the row: id, key and the text of the reason. Keeps
/// the reason's type.
void WithoutRow(outbox::DeadLetter& letter);

}  // namespace pgsluice::app
