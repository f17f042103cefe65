#pragma once

#include <string>
#include <vector>

#include "pgsluice/outbox/outbox.h"

namespace pgsluice::app {

/// The array of CONTRACT 1, `dead-letters list --json`.
std::string ToJson(const std::vector<outbox::DeadLetter>& letters);
/// Removes what holds values of the row: id, key and the text of the reason; its type stays.
void WithoutRow(outbox::DeadLetter& letter);

}  // namespace pgsluice::app
