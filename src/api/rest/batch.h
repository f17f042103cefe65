#pragma once

#include <string>
#include <vector>

#include "pgsluice/json/value.h"

/// Functions for the endpoints that take several searches in one request.
namespace pgsluice::api {

/// Parses a body. Throws Problem 400 if it is not JSON.
json::Value ParseBody(const std::string& body);
/// Returns the searches of a batch. Throws Problem 400 unless it is a list of at most ten.
const std::vector<json::Value>& SearchesOf(const json::Value* value, const char* name);

}  // namespace pgsluice::api
