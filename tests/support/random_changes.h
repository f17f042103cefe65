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
  /// Columns whose values mostly are those of a row of another table, foreign key or not.
  struct Reference {
    std::vector<std::string> columns;
    std::string target;
    std::vector<std::string> target_columns;
  };
  std::string name;
  std::vector<Column> columns;
  std::vector<Reference> references;
};

/// Every ordinary and partitioned table of the catalog, with its foreign keys.
std::vector<WrittenTable> WrittenTables(const catalog::Catalog& catalog);

/// Transactions at random on every table: inserts, updates of any column (keys, references, what
/// filters read), deletes, TRUNCATE, of one row, some or all. What is done depends on the seed and
/// on what is in the tables.
class RandomChanges {
 public:
  RandomChanges(pg::Session& session, std::vector<WrittenTable> tables, unsigned seed)
      : session_(session), tables_(std::move(tables)), random_(seed) {}

  /// `rounds` rows at most into each table, each in a transaction of its own.
  void Fill(int rounds);
  /// One transaction of some statements. Those that the tables' constraints refuse do nothing.
  void Transact();
  /// All statements so far, for the message of a test that fails.
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
