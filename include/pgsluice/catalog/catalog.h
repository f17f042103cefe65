#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/pg/session.h"

/// Tables, columns, keys and types, as PostgreSQL's catalog describes them. Read in a few set-based
/// queries at one snapshot, and immutable afterwards.
namespace pgsluice::catalog {

/// A type without its domains.
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
  bool ambiguous = false;     ///< A user defined an implicit cast from it, so operators and
                              ///< functions may not be found by their name alone.
  bool deterministic = true;  ///< false: a collation where different texts are equal.

  /// Returns whether the type belongs to PostgreSQL itself, so that no user can create casts,
  /// operators or functions for it.
  bool BuiltIn() const { return oid != 0 && oid < 16384; }
};

struct Column {
  std::string name;
  int number = 0;  ///< attnum.
  TypeInfo type;
  bool not_null = false;
  bool generated = false;
  bool can_select = true;  ///< The current role may read it.
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
  bool ordered = true;  ///< A B-tree, which supports range scans; false: a hash index.
};

struct Table {
  std::uint32_t oid = 0;
  std::uint32_t filenode = 0;  ///< 0: no storage of its own (view, partitioned table).
  std::string schema, name;
  char kind = 'r';  ///< relkind: r table, p partitioned, v view, m materialised view, f foreign.
  std::vector<Column> columns;  ///< In attnum order, dropped ones left out.
  std::vector<Index> indexes;
  std::vector<std::uint32_t> descendants;  ///< Partitions and inheritance children, all levels.
  std::int64_t layout = 0;  ///< Differs if the name, the schema or a column of the table differs.
  std::string rule;         ///< For a view: changes whenever its query is replaced.
  bool is_partition = false;
  bool row_security = false;  ///< RLS applies to the current role.
  bool can_select = true;     ///< The current role may read it, or some of its columns.
  bool can_attach = true;     ///< Has our triggers, or may get them.
  std::string owner;          ///< The role's name.
  double estimated_rows = 0;  ///< reltuples over all descendants; -1: never analyzed.

  bool IsView() const { return kind == 'v' || kind == 'm'; }
  /// Returns whether it is a table of its own, partitioned or not, and not a part of another one.
  bool IsOrdinary() const { return (kind == 'r' || kind == 'p') && !is_partition; }
  /// Returns whether it has inheritance children. Unlike in a partitioned table, its keys do not
  /// cover their rows.
  bool HasInheritanceChildren() const { return kind == 'r' && !descendants.empty(); }
  const Column* Find(std::string_view column) const;
  /// Returns `schema.name`, quoted if SQL needs it.
  std::string QualifiedName() const;
  /// Returns the primary key; else the best unique index over NOT NULL columns; else all columns.
  std::vector<std::string> Identity() const;
  /// Returns whether Identity() is unique (primary key or unique index).
  bool HasKey() const;
};

class Catalog {
 public:
  /// Reads every table and view outside the system schemas and schema pgsluice, except temporary
  /// ones. Call outside a transaction.
  static Catalog Load(pg::Session& session);

  const std::vector<Table>& tables() const { return tables_; }
  const std::vector<ForeignKey>& foreign_keys() const { return foreign_keys_; }
  const Table* Find(std::uint32_t oid) const;
  /// Finds a table by its name as written in SQL; without a schema, it is in schema public. Returns
  /// null if there is none. Throws like SplitName().
  const Table* Find(std::string_view sql_name) const;
  /// Returns the tables of `schema` and of the schemas that `others` accepts. In the result,
  /// `schema` and its types have the name `as`.
  Catalog Rename(const std::string& schema, const std::string& as,
                 const std::function<bool(const std::string&)>& others) const;
  /// Returns a text that changes whenever something changes that documents depend on (columns,
  /// types, keys, partitions). Compare it with Fingerprint() to detect changes.
  const std::string& fingerprint() const { return fingerprint_; }
  /// Returns SQL of a query for Table::layout of the relations that `condition` selects from `c`,
  /// combined by XOR.
  static std::string LayoutSql(std::string_view condition);
  /// Returns SQL of a query for the partitions and children of the relation whose oid is the SQL
  /// expression `root`, as "16401:7,16407:9": each with a number that changes when it leaves the
  /// tree and comes back, for itself or with what is above it.
  static std::string MembersSql(std::string_view root);
  /// Reads only the fingerprint, in one cheap query, to detect schema changes.
  static std::string Fingerprint(pg::Session& session);
  /// Returns the SQL of that query.
  static const std::string& FingerprintSql();

 private:
  void Number();

  std::vector<Table> tables_;  ///< By schema and name.
  std::vector<ForeignKey> foreign_keys_;
  std::map<std::uint32_t, std::size_t> by_oid_;                         ///< Places in tables_.
  std::map<std::pair<std::string, std::string>, std::size_t> by_name_;  ///< The same.
  std::string fingerprint_;
};

/// Splits `public."Odd Name"` into schema (empty if not given) and name. Folds unquoted parts to
/// lower case as SQL does. Throws Error(kReject) if it is not a name.
std::pair<std::string, std::string> SplitName(std::string_view sql_name);

}  // namespace pgsluice::catalog
