#pragma once

#include <random>
#include <string>
#include <vector>

namespace pgsluice::testing {

/// A path of the oracle's documents, and what it is in SQL.
struct OraclePath {
  enum class Type { kInteger, kDecimal, kText, kEnum, kBool, kTime };
  std::string path;
  Type type;
  std::string sql;    ///< A value over the root's alias r; with `many`, a query of values.
  bool many = false;  ///< Any number of values.
};

/// A filter in both languages.
struct OracleFilter {
  std::string text;  ///< As a caller writes it; empty: all.
  std::string sql;   ///< A condition over the root's alias r.
};

/// Makes random filters over the tables of the oracle test. The seed determines everything.
class RandomFilter {
 public:
  explicit RandomFilter(std::mt19937_64& random) : random_(random) {}

  OracleFilter Make();
  static const std::vector<OraclePath>& Paths();
  /// Sorts and compares as the engine should.
  static std::string Comparable(OraclePath::Type type, const std::string& value);

 private:
  struct Literal {
    std::string text, sql;
  };
  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  OracleFilter Tree(int depth);
  OracleFilter Leaf();
  OracleFilter Element();
  OracleFilter InElement(int depth);
  Literal Value(OraclePath::Type type);
  /// `negated`: the SQL is that of the positive form.
  OracleFilter Compare(const std::string& path, OraclePath::Type type, const std::string& value,
                       bool& negated);

  std::mt19937_64& random_;
};

}  // namespace pgsluice::testing
