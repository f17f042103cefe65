#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgsluice/json/value.h"

namespace pgsluice::query {

/// Limits of all filters of one request together; see docs/api.md.
constexpr std::size_t kMaxPredicates = 100;
constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxListValues = 1000;

enum class Op {
  kEq,
  kNe,
  kLt,
  kLe,
  kGt,
  kGe,
  kIn,
  kNotIn,
  kBetween,
  kIsNull,
  kIsNotNull,  ///< EXISTS means the same.
  kPrefix,
  kNotPrefix,
  kContains,
  kNotContains,
  kWithin,
};
/// Returns the operator as it is written in an expression: "!=", "STARTS WITH".
std::string_view Spelling(Op op);

/// A value as written. The field that it is compared with decides what it means.
struct Literal {
  std::string text;
  std::size_t offset = 0;
  bool quoted = false;
  std::string claim;        ///< A policy's ${claims.NAME}: the name. WithClaims() fills `text`.
  bool impossible = false;  ///< A claim that is not a scalar: equal to nothing.
};

/// A filter as written, from an expression or a tree, before it is checked against a schema.
struct Expr {
  enum class Kind { kAnd, kOr, kNot, kPredicate, kAny };  ///< kAny: `path[…]`.
  Kind kind = Kind::kAnd;
  std::size_t offset = 0;  ///< Where it begins in the parameter's value or the body.
  std::string path;        ///< kPredicate, kAny.
  Op op = Op::kEq;         ///< kPredicate.
  std::vector<Literal> values;
  std::string list_claim;  ///< `IN ${claims.NAME}`: the claim provides the list.
  /// kWithin: a circle, unless there are corners.
  double lat = 0, lon = 0, metres = 0;
  /// kWithin: lat, lon of a box (top left, bottom right) or of a polygon of three or more.
  std::vector<std::pair<double, double>> corners;
  std::vector<Expr> parts;  ///< kAnd, kOr (an empty kAnd is true), kNot and kAny have one.
};

struct FilterOptions {
  std::string parameter = "filter";  ///< For messages.
  bool claims = false;               ///< Allow ${claims.NAME}.
};

/// Parses an expression; empty text is an empty kAnd. Throws Problem
/// (invalid_filter, limit_exceeded) with the byte offset.
Expr ParseFilter(std::string_view text, const FilterOptions& options = {});
/// Parses a filter from a JSON tree, like ParseFilter().
Expr ParseFilterTree(const json::Value& tree, const FilterOptions& options = {});

/// Returns the number of predicates in an expression.
std::size_t CountPredicates(const Expr& expr);

/// Inserts a caller's claims into a policy's filter. `claim` returns the value of a name, or null.
/// Throws Problem 403 missing_claim.
Expr WithClaims(Expr expr, const std::function<const json::Value*(const std::string&)>& claim);

}  // namespace pgsluice::query
