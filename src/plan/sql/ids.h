#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/catalog/catalog.h"

/// How `_id`s are built. One key column: its text. Several: joined with `|`, with `|` and `\`
/// escaped by `\`. No key: "row:" and a hash of the whole row. Over 512 bytes, or empty: "sha256:"
/// and the hash.
///
/// A table with inheritance children has no key that covers all of them. Of several rows with one
/// key, the first one (of the table itself, else of the oldest child) has the key's id. The ids of
/// the others have their table's name as one more part, or are a hash of that if the key is a text,
/// because a text could read the same.
namespace pgsluice::plan {

/// If one index has the rows of many schemas, the schema's name comes first, like a key column.
/// `first` is a text expression for it followed by `|`; otherwise it is empty.
///
/// Returns a text expression of the `_id`, from expressions of the key columns and their types.
std::string IdSql(const std::vector<std::string>& keys,
                  const std::vector<const catalog::TypeInfo*>& types,
                  const std::string& first = {});

/// Returns the `_id` of a child's row whose key another row has too. `table`: a text expression.
std::string ChildIdSql(const std::vector<std::string>& keys,
                       const std::vector<const catalog::TypeInfo*>& types, const std::string& table,
                       const std::string& first = {});
/// Returns whether that `_id` is a hash.
bool ChildIdIsHash(const std::vector<const catalog::TypeInfo*>& types);

/// Returns the `_id` of a row without a key, from the texts of all its columns.
std::string RowIdSql(const std::vector<std::string>& texts, const std::string& first = {});

/// Returns the key as JSON array (text), from the texts of the key columns.
std::string KeyJsonSql(const std::vector<std::string>& texts);

/// Returns a part of an `_id` of several parts: `|` and `\` escaped.
std::string EscapedPart(std::string_view text);
/// Returns the first part of an `_id` that has several; nothing if it has one, or is a hash.
std::optional<std::string> FirstPart(std::string_view id);

/// Returns the key array of an `_id` with `columns` key columns; empty if it is a hash.
std::string KeyOfIdText(std::string_view id, std::size_t columns);

}  // namespace pgsluice::plan
