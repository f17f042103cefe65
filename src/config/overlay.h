#pragma once

#include <string>

#include "config/checker.h"
#include "pgsluice/config/loader.h"
#include "pgsluice/json/value.h"

namespace pgsluice::config {

/// Replaces `${NAME}` in every string of the file by the environment's value; an unknown name is a
/// finding. Keeps `${claims.x}`, which is not a variable.
void Substitute(json::Value& value, const std::string& path, const Origin& origin,
                const Environment& environment, Findings& findings);

/// Applies environment variables, then flags, to the file's values, and records in `origin` which
/// of them did.
void Overlay(json::Value& root, const Overrides& overrides, const Environment& environment,
             Origin& origin, Findings& findings);

}  // namespace pgsluice::config
