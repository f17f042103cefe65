#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "pgsluice/query/filter.h"
#include "pgsluice/query/problem.h"
#include "query/distance.h"
#include "query/lexer.h"

namespace pgsluice::query {

namespace {

const std::vector<std::string> kOperators = {
    "=",       "!=",      "<",           "<=",     ">",           ">=",       "IN",    "NOT IN",
    "BETWEEN", "IS NULL", "IS NOT NULL", "EXISTS", "STARTS WITH", "CONTAINS", "WITHIN"};

class FilterParser {
 public:
  FilterParser(std::string_view text, const FilterOptions& options)
      : options_(options), lexer_(text, options) {
    Advance();
  }

  Expr Whole() {
    if (token_.kind == Token::Kind::kEnd) return {};
    Expr expr = Disjunction(0);
    if (token_.kind != Token::Kind::kEnd) Fail("AND, OR or the end was expected");
    return expr;
  }

 private:
  Expr Disjunction(int depth) {
    return Chain(Expr::Kind::kOr, "OR", depth, &FilterParser::Conjunction);
  }
  Expr Conjunction(int depth) {
    return Chain(Expr::Kind::kAnd, "AND", depth, &FilterParser::Unary);
  }

  Expr Chain(Expr::Kind kind, std::string_view word, int depth, Expr (FilterParser::*part)(int)) {
    Expr first = (this->*part)(depth);
    if (!IsWord(word)) return first;
    Expr chain;
    chain.kind = kind;
    chain.offset = first.offset;
    chain.parts.push_back(std::move(first));
    while (TakeWord(word)) chain.parts.push_back((this->*part)(depth));
    return chain;
  }

  Expr Unary(int depth) {
    if (depth > kMaxDepth) {
      Reject("limit_exceeded", options_.parameter, token_.offset,
             fmt::format("a filter is nested at most {} levels deep", kMaxDepth));
    }
    const std::size_t offset = token_.offset;
    if (TakeWord("NOT")) {
      Expr negation;
      negation.kind = Expr::Kind::kNot;
      negation.offset = offset;
      negation.parts.push_back(Unary(depth + 1));
      return negation;
    }
    if (TakeSymbol("(")) {
      Expr inner = Disjunction(depth + 1);
      if (!TakeSymbol(")")) Fail("')' was expected");
      return inner;
    }
    return Predicate(depth);
  }

  Expr Predicate(int depth) {
    Expr expr;
    expr.kind = Expr::Kind::kPredicate;
    expr.offset = token_.offset;
    if (token_.kind != Token::Kind::kWord && token_.kind != Token::Kind::kString) {
      Fail("a field was expected");
    }
    if (IsWord("AND") || IsWord("OR")) {
      Fail(fmt::format("a field was expected, not '{}'; a field of that name must be quoted",
                       token_.text));
    }
    expr.path = token_.text;
    Advance();
    if (TakeSymbol("[")) {
      expr.kind = Expr::Kind::kAny;
      expr.parts.push_back(Disjunction(depth + 1));
      if (!TakeSymbol("]")) Fail("']' was expected");
      return expr;
    }
    if (++predicates_ > kMaxPredicates) {
      Reject("limit_exceeded", options_.parameter, expr.offset,
             fmt::format("a filter holds at most {} comparisons", kMaxPredicates));
    }
    const std::size_t place = token_.offset;
    if (!Comparison(expr) && !Words(expr)) {
      Reject("invalid_filter", options_.parameter, place,
             fmt::format("an operator was expected after '{}'", expr.path), kOperators);
    }
    return expr;
  }

  bool Comparison(Expr& expr) {
    static const std::vector<std::pair<std::string_view, Op>> symbols = {
        {"=", Op::kEq},  {"!=", Op::kNe}, {"<", Op::kLt},
        {"<=", Op::kLe}, {">", Op::kGt},  {">=", Op::kGe}};
    for (const auto& [symbol, op] : symbols) {
      if (!TakeSymbol(symbol)) continue;
      expr.op = op;
      expr.values.push_back(Value());
      return true;
    }
    return false;
  }

  bool Words(Expr& expr) {
    if (TakeWord("EXISTS")) {
      expr.op = Op::kIsNotNull;
    } else if (TakeWord("IS")) {
      expr.op = TakeWord("NOT") ? Op::kIsNotNull : Op::kIsNull;
      Expect("NULL");
    } else if (TakeWord("BETWEEN")) {
      expr.op = Op::kBetween;
      expr.values.push_back(Value());
      Expect("AND");
      expr.values.push_back(Value());
    } else if (TakeWord("WITHIN")) {
      expr.op = Op::kWithin;
      if (TakeWord("BOX")) {
        Box(expr);
      } else if (TakeWord("POLYGON")) {
        Polygon(expr);
      } else {
        Circle(expr);
      }
    } else {
      return Negatable(expr, TakeWord("NOT"));
    }
    return true;
  }

  bool Negatable(Expr& expr, bool negated) {
    if (TakeWord("IN")) {
      expr.op = negated ? Op::kNotIn : Op::kIn;
      List(expr);
    } else if (TakeWord("STARTS")) {
      Expect("WITH");
      expr.op = negated ? Op::kNotPrefix : Op::kPrefix;
      expr.values.push_back(Value());
    } else if (TakeWord("CONTAINS")) {
      expr.op = negated ? Op::kNotContains : Op::kContains;
      expr.values.push_back(Value());
    } else {
      return false;
    }
    return true;
  }

  void List(Expr& expr) {
    if (token_.kind == Token::Kind::kClaim) {
      expr.list_claim = token_.text;
      Advance();
      return;
    }
    if (!TakeSymbol("[")) Fail("a list [a, b] was expected");
    if (TakeSymbol("]")) return;
    do {
      if (expr.values.size() == kMaxListValues) {
        Reject("limit_exceeded", options_.parameter, token_.offset,
               fmt::format("a list holds at most {} values", kMaxListValues));
      }
      expr.values.push_back(Value());
    } while (TakeSymbol(","));
    if (!TakeSymbol("]")) Fail("',' or ']' was expected");
  }

  void Circle(Expr& expr) {
    if (!TakeSymbol("(")) Fail("(latitude, longitude, distance) was expected");
    expr.lat = Coordinate(90);
    expr.lon = Coordinate(180);
    const auto metres = ParseDistance(token_.text);
    if (token_.kind != Token::Kind::kWord || !metres) Fail("a distance like 5km was expected");
    expr.metres = *metres;
    Advance();
    if (!TakeSymbol(")")) Fail("')' was expected");
  }

  void Box(Expr& expr) {
    if (!TakeSymbol("(")) Fail("(top, left, bottom, right) was expected");
    const double top = Coordinate(90);
    const double left = Coordinate(180);
    const double bottom = Coordinate(90);
    const double right = Degrees(180);
    if (top < bottom) Fail("the top of a box is not below its bottom");
    if (!TakeSymbol(")")) Fail("')' was expected");
    expr.corners = {{top, left}, {bottom, right}};
  }

  void Polygon(Expr& expr) {
    if (!TakeSymbol("(")) Fail("((latitude, longitude), …) was expected");
    do {
      if (!TakeSymbol("(")) Fail("(latitude, longitude) was expected");
      const double lat = Coordinate(90);
      expr.corners.emplace_back(lat, Degrees(180));
      if (!TakeSymbol(")")) Fail("')' was expected");
    } while (TakeSymbol(","));
    if (expr.corners.size() < 3) Fail("a polygon has three corners or more");
    if (expr.corners.size() > kMaxListValues) Fail("a polygon has at most 1000 corners");
    if (!TakeSymbol(")")) Fail("')' was expected");
  }

  double Coordinate(double limit) {
    const double value = Degrees(limit);
    if (!TakeSymbol(",")) Fail("',' was expected");
    return value;
  }

  double Degrees(double limit) {
    double value = 0;
    const char* end = token_.text.data() + token_.text.size();
    const auto [rest, error] = std::from_chars(token_.text.data(), end, value);
    if (token_.kind != Token::Kind::kWord || error != std::errc{} || rest != end ||
        !(value >= -limit && value <= limit)) {
      Fail("a coordinate in degrees was expected");
    }
    Advance();
    return value;
  }

  Literal Value() {
    Literal literal;
    literal.offset = token_.offset;
    literal.quoted = token_.kind == Token::Kind::kString;
    if (token_.kind == Token::Kind::kClaim) {
      literal.claim = token_.text;
    } else if (token_.kind == Token::Kind::kWord || literal.quoted) {
      literal.text = token_.text;
    } else {
      Fail("a value was expected");
    }
    Advance();
    return literal;
  }

  void Advance() { token_ = lexer_.Next(); }
  bool IsWord(std::string_view word) const {
    return token_.kind == Token::Kind::kWord && token_.text.size() == word.size() &&
           std::equal(word.begin(), word.end(), token_.text.begin(), [](char a, char b) {
             return a == static_cast<char>(std::toupper(static_cast<unsigned char>(b)));
           });
  }
  bool TakeWord(std::string_view word) {
    if (!IsWord(word)) return false;
    Advance();
    return true;
  }
  bool TakeSymbol(std::string_view symbol) {
    if (token_.kind != Token::Kind::kSymbol || token_.text != symbol) return false;
    Advance();
    return true;
  }
  void Expect(const std::string& word) {
    if (!TakeWord(word)) Fail(word + " was expected");
  }
  [[noreturn]] void Fail(const std::string& detail) const { lexer_.Fail(token_.offset, detail); }

  FilterOptions options_;
  Lexer lexer_;
  Token token_;
  std::size_t predicates_ = 0;
};

}  // namespace

Expr ParseFilter(std::string_view text, const FilterOptions& options) {
  return FilterParser(text, options).Whole();
}

std::size_t CountPredicates(const Expr& expr) {
  std::size_t count = expr.kind == Expr::Kind::kPredicate ? 1 : 0;
  for (const Expr& part : expr.parts) count += CountPredicates(part);
  return count;
}

std::string_view Spelling(Op op) {
  constexpr std::string_view kNames[] = {"=",
                                         "!=",
                                         "<",
                                         "<=",
                                         ">",
                                         ">=",
                                         "IN",
                                         "NOT IN",
                                         "BETWEEN",
                                         "IS NULL",
                                         "IS NOT NULL",
                                         "STARTS WITH",
                                         "NOT STARTS WITH",
                                         "CONTAINS",
                                         "NOT CONTAINS",
                                         "WITHIN"};
  return kNames[static_cast<std::size_t>(op)];
}

}  // namespace pgsluice::query
