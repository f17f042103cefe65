#pragma once

#include <string>

#include "pgsluice/catalog/catalog.h"

namespace pgsluice::plan {

/// Returns whether documents contain the type as free JSON: json, jsonb, hstore, composites and
/// arrays of them.
bool IsJsonLike(const catalog::TypeInfo& type);

/// Returns a jsonb expression for a text that contains JSON. The conversion ensures one line,
/// unique member names and valid escapes, without which the engines refuse the whole document. What
/// jsonb itself cannot hold (\u0000, unpaired surrogates, huge exponents) becomes a JSON string of
/// the text.
std::string JsonbOfTextSql(const std::string& json);

/// Returns the text of a jsonb expression in a form that every engine can parse. If it is nested
/// more than 100 deep (deeper ones crash OpenSearch) or has numbers near the parsers' limit of
/// 1,000 digits, it becomes a JSON string.
std::string ParsableSql(const std::string& jsonb);

/// Returns a condition (NULL for NULL): flattened / flat_object refuse this jsonb. It is not an
/// object (or a list of objects), is nested too deep, or has terms over 32 KB.
std::string JsonRefusedSql(const std::string& jsonb);

}  // namespace pgsluice::plan
