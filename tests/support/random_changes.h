#pragma once

#include <random>
#include <string>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/pg/session.h"

namespace pgsluice::testing {

/// A table that is written at random, all names as in SQL.
struct WrittenTable {
  struct Column {
    std::string name, type;  ///< Type as pg_type.typname.
    bool not_null = false, key = false;
  };
  /// Columns whose values are usually those of a row of another table, with or without a foreign
  /// key.
  struct Reference {
    std::vector<std::string> columns;
    std::string target;
    std::vector<std::string> target_columns;
  };
  std::string name;
  std::vector<Column> columns;
  std::vector<Reference> references;
};

/// Returns every ordinary and partitioned table of the catalog, with its foreign keys.
std::vector<WrittenTable> WrittenTables(const catalog::Catalog& catalog);

/// Random transactions on every table: inserts, updates of any column (keys, references, columns of
/// filters), deletes and TRUNCATE, of one row, some or all. What is done depends on the seed and on
/// the content of the tables.
class RandomChanges {
 public:
  RandomChanges(pg::Session& session, std::vector<WrittenTable> tables, unsigned seed)
      : session_(session), tables_(std::move(tables)), random_(seed) {}

  /// Inserts at most `rounds` rows into each table, each in a separate transaction.
  void Fill(int rounds);
  /// Runs one transaction of some statements. Statements that the constraints refuse have no
  /// effect.
  void Transact();
  /// Returns all statements so far, for the message of a failed test.
  const std::string& story() const { return story_; }

 private:
  bool Try(const std::string& sql);
  std::string Statement();
  std::string Insert(const WrittenTable& table);
  std::string Update(const WrittenTable& table);
  std::string SomeRows(const WrittenTable& table);
  std::string Value(const WrittenTable::Column& column);
  std::string ReferencedRow(const WrittenTable::Reference& reference);
  int Random(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  pg::Session& session_;
  std::vector<WrittenTable> tables_;
  std::mt19937 random_;
  std::size_t next_ = 0;  ///< The table whose turn it is.
  bool emptied_ = false;
  std::string story_;
};

}  // namespace pgsluice::testing
