#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "pgsluice/pg/session.h"

namespace pgsluice::testing {

/// Two trees of tables of three levels, one by partitions and one by inheritance, with odd names
/// and columns of many types. They are written through any of their members, and their definitions
/// change: columns come, go, and get other names and types; members are detached, replaced, moved
/// to another schema and back. What is done depends on the seed and on what is in the tables.
class RandomMembers {
 public:
  struct Member {
    std::string table;      ///< As in SQL, with its schema.
    std::string parent;     ///< Empty: a root.
    std::string bounds;     ///< Of a partition: FOR VALUES …
    int low = 0, high = 0;  ///< Ids of the rows that are inserted through it.
    bool inherits = false;  ///< Belongs to the tree by inheritance, where keys may be equal.
    bool leaf = false;
    bool detached = false;
  };

  RandomMembers(pg::Session& session, unsigned seed);

  /// Makes the tables, with some rows in each.
  void Create();
  const std::vector<Member>& members() const { return members_; }
  /// Some statements that write rows, or change tables.
  void Step();
  /// One statement that writes rows.
  void Write() { Try(Statement(Any())); }
  /// A query for what an index of the table has to hold: columns id and document.
  std::string Oracle(const std::string& table);
  /// All statements so far.
  const std::string& story() const { return story_; }

 private:
  struct Column {
    std::string name, type;  ///< The name not quoted.
  };

  void AddPartitions();
  void AddInheritance();
  /// An odd name that no other table or column has, quoted.
  std::string NewName();
  std::string NewTable();
  std::string NewColumns(int count);
  std::string TypeAtRandom();
  std::string Value(const std::string& type);
  std::vector<Column> ColumnsOf(const std::string& table);
  /// The columns but for id, which every table of the tree has.
  std::vector<Column> ColumnsOfTree(const Member& member);
  const std::string& RootOf(const Member& member) const;

  bool Try(const std::string& sql);
  std::string Statement(const Member& member);
  std::string Insert(const Member& member);
  std::string Update(const Member& member);
  void ChangeColumns(const Member& member);
  void ChangeTree(Member& member);
  void Detach(Member& member);
  void Attach(Member& member);
  void Replace(const Member& leaf);
  void MoveAndBack(const Member& member);

  Member& Any() { return members_[random_() % members_.size()]; }
  int Random(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  pg::Session& session_;
  std::mt19937 random_;
  std::vector<std::string> names_;
  std::vector<Member> members_;
  std::string create_;
  int numbered_ = 0;
  std::string story_;
};

}  // namespace pgsluice::testing
