#pragma once

#include <string>

#include "config/checker.h"
#include "pgsluice/config/loader.h"
#include "pgsluice/json/value.h"

namespace pgsluice::config {

/// Replaces `${NAME}` in every string of the file by the environment's value; an unknown name is a
/// finding. `${claims.x}` is not the name of a variable and stays.
void Substitute(json::Value& value, const std::string& path, const Origin& origin,
                const Environment& environment, Findings& findings);

/// Lays environment variables, then flags over the file's values and notes in `origin` which did.
void Overlay(json::Value& root, const Overrides& overrides, const Environment& environment,
             Origin& origin, Findings& findings);

}  // namespace pgsluice::config
