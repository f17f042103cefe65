#pragma once

#include <string>

#include "pgsluice/catalog/catalog.h"

/// SQL on values whose types belong to another role. The owner of a type may define casts,
/// operators, functions and domain constraints for it, and calling them would run the owner's code
/// with our rights. So values pass only through the output functions of their types. Casts and
/// operators are used only between PostgreSQL's own types and between those of extensions, which
/// only superusers create. The server parses a prepared statement again after the table changed, so
/// each expression also verifies that the column still has the type that it was written for.
namespace pgsluice::plan {

/// Returns `x` without its domains. The server refuses the statement if `x` has another type now.
std::string TypedSql(const catalog::TypeInfo& type, const std::string& x);

/// Returns the text of a value; NULL for NULL.
std::string TextSql(const catalog::TypeInfo& type, const std::string& x);

/// Returns a condition: there is a value, which may be a row of NULLs.
std::string HasValueSql(const catalog::TypeInfo& type, const std::string& x);

/// Returns the type in which values of `type` are compared: their own, or text if a user may have
/// defined the operators.
catalog::TypeInfo ComparedType(const catalog::TypeInfo& type);

/// Returns `x` as a value of ComparedType(). An index on the column still applies if the type is
/// its own.
std::string ComparedSql(const catalog::TypeInfo& type, const std::string& x);

/// Returns a value of ComparedType() from a text expression.
std::string AskedSql(const catalog::TypeInfo& type, const std::string& text);

/// Returns the text that TextSql() returns for the value of a text expression.
std::string AskedTextSql(const catalog::TypeInfo& type, const std::string& text);

/// Returns the text of a value in the key of a row that is its own key: a hash if it is long.
std::string RowTextSql(const catalog::TypeInfo& type, const std::string& x);

/// Returns the text that RowTextSql() returns for the value of a text in such a key.
std::string AskedRowTextSql(const catalog::TypeInfo& type, const std::string& text);

/// Returns whether RowTextSql() may return a hash.
bool MayBeLong(const catalog::TypeInfo& type);

/// Returns the equality operator of two values compared as `type`, qualified because search_path is
/// empty.
std::string EqualsSql(const catalog::TypeInfo& type);

}  // namespace pgsluice::plan
