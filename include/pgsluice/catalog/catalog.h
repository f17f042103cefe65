#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/pg/session.h"

/// What PostgreSQL's catalog says about tables, columns, keys and types, read in a few set-based
/// queries at one snapshot and immutable afterwards.
namespace pgsluice::catalog {

/// A type with its domains peeled off.
struct TypeInfo {
  std::uint32_t oid = 0;  ///< Of the base type (behind domains).
  std::string sql;        ///< format_type() of the column's own type: "numeric(10,2)", "shop.mood".
  std::string base_sql;   ///< The base type, qualified and without length or precision.
  std::string base;    ///< pg_type.typname of a base type: "int4", "numeric", "hstore". Empty for
                       ///< other kinds: their owners choose their names freely.
  std::string schema;  ///< Its schema: "pg_catalog" for built-in ones.
  char kind = 'b';  ///< typtype behind domains: b base, e enum, c composite, r range, m multirange.
  /// Of an array its element, of a range its subtype, of a multirange its range; else null.
  std::shared_ptr<const TypeInfo> element;
  bool array = false;
  std::vector<std::string> labels;  ///< Of an enum, in declared order.
  /// Of a composite type its attributes, in order.
  std::vector<std::string> field_names;
  std::vector<std::shared_ptr<const TypeInfo>> field_types;
  bool domain = false;        ///< The column's own type is a domain over this one.
  bool ambiguous = false;     ///< Somebody made an implicit cast from it, so that operators
                              ///< and functions may not be found by their name alone.
  bool deterministic = true;  ///< false: a collation where different texts are equal.

  /// Made by PostgreSQL itself: nobody can make casts, operators or functions for it.
  bool BuiltIn() const { return oid != 0 && oid < 16384; }
};

struct Column {
  std::string name;
  int number = 0;  ///< attnum.
  TypeInfo type;
  bool not_null = false;
  bool generated = false;
  bool can_select = true;  ///< The present role may read it.
};

struct ForeignKey {
  std::string name;
  std::uint32_t table = 0, target = 0;  ///< oids.
  std::vector<std::string> columns, target_columns;
};

struct Index {
  std::string name;
  std::vector<std::string> columns;  ///< Leading plain columns, in order.
  bool unique = false;               ///< Over all rows and `columns` alone: proves "at most one".
  bool primary = false;
  bool partial = false;
  bool ordered = true;  ///< A B-tree, which finds ranges; false: a hash index.
};

struct Table {
  std::uint32_t oid = 0;
  std::uint32_t filenode = 0;  ///< 0: no storage of its own (view, partitioned table).
  std::string schema, name;
  char kind = 'r';  ///< relkind: r table, p partitioned, v view, m materialised view, f foreign.
  std::vector<Column> columns;  ///< In attnum order, dropped ones left out.
  std::vector<Index> indexes;
  std::vector<std::uint32_t> descendants;  ///< Partitions and inheritance children, all levels.
  std::int64_t layout = 0;  ///< Differs when its name, its schema or a column is another one.
  std::string rule;         ///< Of a view: differs whenever its query is replaced.
  bool is_partition = false;
  bool row_security = false;  ///< RLS applies to the present role.
  bool can_select = true;     ///< The present role may read it, or some columns of it.
  bool can_attach = true;     ///< Has our triggers, or may get them.
  std::string owner;          ///< The role's name.
  double estimated_rows = 0;  ///< reltuples over all descendants; -1: never analyzed.

  bool IsView() const { return kind == 'v' || kind == 'm'; }
  /// A table of its own, partitioned or not: not a part of another one.
  bool IsOrdinary() const { return (kind == 'r' || kind == 'p') && !is_partition; }
  /// Unlike a partitioned table's, its keys say nothing about the rows of its children.
  bool HasInheritanceChildren() const { return kind == 'r' && !descendants.empty(); }
  const Column* Find(std::string_view column) const;
  /// `schema.name`, quoted where SQL needs it.
  std::string QualifiedName() const;
  /// Primary key; else the best unique index over NOT NULL columns; else all columns.
  std::vector<std::string> Identity() const;
  /// Whether Identity() is unique (primary key or unique index).
  bool HasKey() const;
};

class Catalog {
 public:
  /// Reads every table and view outside the system schemas and schema pgsluice, temporary ones left
  /// out. Call outside a transaction.
  static Catalog Load(pg::Session& session);

  const std::vector<Table>& tables() const { return tables_; }
  const std::vector<ForeignKey>& foreign_keys() const { return foreign_keys_; }
  const Table* Find(std::uint32_t oid) const;
  /// By a name as written in SQL; without a schema, schema public. Null when there is none. Throws
  /// what SplitName() throws.
  const Table* Find(std::string_view sql_name) const;
  /// A text that changes whenever something changes that documents depend on (columns, types,
  /// keys, partitions); cheap to compare with pgsluice's periodic fingerprint query.
  const std::string& fingerprint() const { return fingerprint_; }
  /// SQL of a query that returns Table::layout of the relations that `condition` selects from `c`,
  /// combined by XOR.
  static std::string LayoutSql(std::string_view condition);
  /// Only the fingerprint, in one cheap query: for noticing schema changes.
  static std::string Fingerprint(pg::Session& session);
  /// SQL of that query.
  static const std::string& FingerprintSql();

 private:
  std::vector<Table> tables_;  ///< By schema and name.
  std::vector<ForeignKey> foreign_keys_;
  std::map<std::uint32_t, std::size_t> by_oid_;                         ///< Places in tables_.
  std::map<std::pair<std::string, std::string>, std::size_t> by_name_;  ///< The same.
  std::string fingerprint_;
};

/// Splits `public."Odd Name"` into schema (empty when not given) and name, folding unquoted parts
/// to lower case as SQL does. Throws Error(kReject) if it is not a name.
std::pair<std::string, std::string> SplitName(std::string_view sql_name);

}  // namespace pgsluice::catalog
