#pragma once

#include <string>

#include "pgsluice/catalog/catalog.h"

namespace pgsluice::plan {

/// Whether the type reaches documents as free JSON: json, jsonb, hstore, composites and arrays of
/// them.
bool IsJsonLike(const catalog::TypeInfo& type);

/// A jsonb expression of a text that holds JSON. Going through jsonb gives one line, unique member
/// names and valid escapes, without which the engines refuse the whole document; what jsonb itself
/// cannot hold (\u0000, lone surrogates, absurd exponents) becomes a JSON string of the text.
std::string JsonbOfTextSql(const std::string& json);

/// Text of a jsonb expression that every engine can at least parse: nested more than 100 deep
/// (OpenSearch dies of deeper ones) or with numbers near the parsers' limit of 1,000 digits, it
/// becomes a JSON string.
std::string ParsableSql(const std::string& jsonb);

/// Condition (NULL for NULL): flattened / flat_object refuse this jsonb: no object (nor a list of
/// them), nested too deep, or with terms over 32 KB.
std::string JsonRefusedSql(const std::string& jsonb);

}  // namespace pgsluice::plan
