#pragma once

#include <string>

#include "pgsluice/catalog/catalog.h"

/// SQL on values whose types belong to somebody else. The owner of a type may define casts,
/// operators, functions and domain constraints for it, and calling them runs her code with
/// his own rights. So values go through the output functions of their types and nothing else; casts
/// and operators are used between PostgreSQL's own types, and between those of extensions, which
/// only superusers make. The server parses a prepared statement again after the table changed, so
/// each expression also makes sure that the column still has the type it was written for.
namespace pgsluice::plan {

/// `x` with its domains peeled off. The server refuses the statement if `x` has another type now.
std::string TypedSql(const catalog::TypeInfo& type, const std::string& x);

/// The text of a value; NULL for NULL.
std::string TextSql(const catalog::TypeInfo& type, const std::string& x);

/// Condition: there is a value, even a row of NULLs.
std::string HasValueSql(const catalog::TypeInfo& type, const std::string& x);

/// The type that values of `type` are compared as: their own, or text if somebody else may define
/// the operators.
catalog::TypeInfo ComparedType(const catalog::TypeInfo& type);

/// `x` as a value of ComparedType(), still found by an index on the column if that is its own type.
std::string ComparedSql(const catalog::TypeInfo& type, const std::string& x);

/// A value of ComparedType() from a text expression.
std::string AskedSql(const catalog::TypeInfo& type, const std::string& text);

/// The text that TextSql() returns for the value that a text expression stands for.
std::string AskedTextSql(const catalog::TypeInfo& type, const std::string& text);

/// The text of a value in the key of a row that is its own key: a hash if it is long.
std::string RowTextSql(const catalog::TypeInfo& type, const std::string& x);

/// The text that RowTextSql() returns for the value that a text of such a key stands for.
std::string AskedRowTextSql(const catalog::TypeInfo& type, const std::string& text);

/// Whether RowTextSql() may return a hash.
bool MayBeLong(const catalog::TypeInfo& type);

/// The equality operator of two values compared as `type`, found although search_path is empty.
std::string EqualsSql(const catalog::TypeInfo& type);

}  // namespace pgsluice::plan
