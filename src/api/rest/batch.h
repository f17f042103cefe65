#pragma once

#include <string>
#include <vector>

#include "pgsluice/json/value.h"

/// What endpoints that take several searches at once have in common.
namespace pgsluice::api {

/// Throws Problem 400 for what is not JSON.
json::Value ParseBody(const std::string& body);
/// The searches of a batch: at most ten. Throws Problem 400 for what is not such a list.
const std::vector<json::Value>& SearchesOf(const json::Value* value, const char* name);

}  // namespace pgsluice::api
