#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace pgsluice::testing {

/// Random tables: keys of one or two columns, unique or absent; several schemas, unusual names,
/// references with and without foreign key, also to the table itself; link tables; partitioned
/// tables; views that group a table.
class RandomSchema {
 public:
  struct Column {
    std::string name, type;  ///< The unquoted name, and the type as pg_type.typname.
  };
  struct Reference {
    std::vector<std::string> columns;
    std::size_t target = 0;  ///< The table that is referred to.
    bool enforced = false;
  };
  struct Table {
    std::string name;  ///< As in SQL.
    std::vector<Column> columns;
    std::vector<std::string> key;  ///< Empty: none.
    std::vector<Reference> references;
    bool primary = true;  ///< false: the key is a unique index over NOT NULL columns.
    bool partitioned = false;
    std::size_t view_of = kNone;  ///< A view that groups this table by its key.
    const std::string& TypeOf(const std::string& column) const;
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  explicit RandomSchema(std::mt19937& random);

  const std::vector<Table>& tables() const { return tables_; }
  /// CREATE statements.
  std::string Sql() const;

 private:
  void AddTable();
  void AddKey(Table& table);
  void AddReference(Table& table);
  void AddView();
  std::string NewName(const Table& table);
  std::string CreateTable(const Table& table) const;
  std::string CreateView(const Table& view) const;
  int Random(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  std::mt19937& random_;
  std::vector<Table> tables_;
  unsigned indexed_ = 0;  ///< Bits: which references have an index.
};

/// The names, quoted.
std::vector<std::string> Quoted(const std::vector<std::string>& names);
bool Contains(const std::vector<std::string>& names, const std::string& name);

}  // namespace pgsluice::testing
