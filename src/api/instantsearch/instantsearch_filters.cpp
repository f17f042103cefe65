#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "api/instantsearch/instantsearch.h"
#include "pgsluice/base/text.h"
#include "pgsluice/query/problem.h"

/// Translates the filters of InstantSearch clients to our expressions.
namespace pgsluice::api {

namespace {

using query::Expr;
using query::Op;

Expr Predicate(std::string path, Op op, std::vector<std::string> values) {
  Expr expr;
  expr.kind = Expr::Kind::kPredicate;
  expr.path = std::move(path);
  expr.op = op;
  for (std::string& text : values) {
    query::Literal literal;
    literal.text = std::move(text);
    literal.quoted = true;
    expr.values.push_back(std::move(literal));
  }
  return expr;
}

constexpr std::array<std::pair<std::string_view, Op>, 6> kSigns = {
    std::pair{std::string_view("<="), Op::kLe}, std::pair{std::string_view(">="), Op::kGe},
    std::pair{std::string_view("!="), Op::kNe}, std::pair{std::string_view("<"), Op::kLt},
    std::pair{std::string_view(">"), Op::kGt},  std::pair{std::string_view("="), Op::kEq}};

/// Parses `brand:Apple AND NOT (color:'dark red' OR price:10 TO 20)`. A value without quotes ends
/// at a space or a bracket. Inside quotes a backslash escapes a quote, and is an ordinary character
/// otherwise.
class Filters {
 public:
  explicit Filters(std::string_view text) : text_(text) {}

  Expr Whole() {
    Expr expr = Chain(Expr::Kind::kOr, 0);
    if (!AtEnd()) Fail("AND, OR or the end was expected");
    return expr;
  }

 private:
  Expr Chain(Expr::Kind kind, int depth) {
    const bool either = kind == Expr::Kind::kOr;
    Expr chain;
    chain.kind = kind;
    chain.offset = at_;
    do {
      chain.parts.push_back(either ? Chain(Expr::Kind::kAnd, depth) : Unary(depth));
    } while (TakeWord(either ? "OR" : "AND"));
    if (chain.parts.size() > 1) return chain;
    return std::move(chain.parts.front());
  }

  Expr Unary(int depth) {
    if (depth > query::kMaxDepth) {
      query::Reject("limit_exceeded", "filters", at_,
                    fmt::format("a filter is nested at most {} levels deep", query::kMaxDepth));
    }
    if (TakeWord("NOT")) {
      Expr negation;
      negation.kind = Expr::Kind::kNot;
      negation.parts.push_back(Unary(depth + 1));
      return negation;
    }
    if (!AtEnd() && text_[at_] == '(') {
      ++at_;
      Expr inner = Chain(Expr::Kind::kOr, depth + 1);
      if (AtEnd() || text_[at_] != ')') Fail("')' was expected");
      ++at_;
      return inner;
    }
    return Comparison();
  }

  Expr Comparison() {
    const std::size_t offset = at_;
    std::string path = Piece(":<>=!()");
    if (path.empty()) Fail("an attribute was expected");
    if (AtEnd()) Fail("':' or a comparison was expected");
    Expr expr;
    if (text_[at_] == ':') {
      ++at_;
      std::string value = Piece("()");
      if (TakeWord("TO")) {
        std::string high = Piece("()");
        expr = Predicate(std::move(path), Op::kBetween, {std::move(value), std::move(high)});
      } else {
        expr = Predicate(std::move(path), Op::kEq, {std::move(value)});
      }
      expr.offset = offset;
      return expr;
    }
    for (const auto& [sign, op] : kSigns) {
      if (text_.substr(at_, sign.size()) != sign) continue;
      at_ += sign.size();
      expr = Predicate(std::move(path), op, {Piece("()")});
      expr.offset = offset;
      return expr;
    }
    Fail("':' or a comparison was expected");
  }

  /// Returns a quoted text, or a bare one, which ends before a space or one of `ends`.
  std::string Piece(std::string_view ends) {
    if (AtEnd()) Fail("a value was expected");
    const char quote = text_[at_];
    if (quote == '"' || quote == '\'') return Quoted(quote);
    const std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] != ' ' &&
           ends.find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
    std::string piece(text_.substr(start, at_ - start));
    if (piece.empty()) Fail("a value was expected");
    AtEnd();
    return piece;
  }

  std::string Quoted(char quote) {
    const std::size_t start = at_++;
    std::string piece;
    while (at_ < text_.size() && text_[at_] != quote) {
      const bool escaped = text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == quote;
      // A backslash before the last quote is part of the value.
      if (escaped && text_.find(quote, at_ + 2) != std::string_view::npos) ++at_;
      piece += text_[at_++];
    }
    if (at_ >= text_.size()) {
      at_ = start;
      Fail("a quoted value is not closed");
    }
    ++at_;
    AtEnd();
    return piece;
  }

  bool TakeWord(std::string_view word) {
    if (AtEnd() || text_.substr(at_, word.size()) != word) return false;
    const std::size_t behind = at_ + word.size();
    if (behind < text_.size() && text_[behind] != ' ' && text_[behind] != '(') return false;
    at_ = behind;
    return true;
  }

  /// Skips spaces, then returns whether the end is reached.
  bool AtEnd() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ >= text_.size();
  }

  [[noreturn]] void Fail(const std::string& detail) const {
    query::Reject("invalid_filter", "filters", at_, detail);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Expr InstantFilters(const std::string& text) { return Filters(text).Whole(); }

Expr InstantFacetFilter(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) {
    query::Reject("invalid_parameter", "facetFilters", std::nullopt,
                  fmt::format("'{}' is not of the form attribute:value", text));
  }
  std::string value = text.substr(colon + 1);
  const bool negated = value.size() > 1 && value[0] == '-';
  if (negated) value.erase(0, 1);
  if (value.size() > 1 && value[0] == '\\' && value[1] == '-') value.erase(0, 1);
  return Predicate(text.substr(0, colon), negated ? Op::kNe : Op::kEq, {std::move(value)});
}

Expr InstantNumericFilter(const std::string& text) {
  const auto trimmed = [](std::string_view part) { return std::string(base::Trimmed(part)); };
  const std::string_view whole = text;
  const std::size_t colon = whole.find(':');
  const std::size_t to = whole.find(" TO ");
  const std::size_t sign = whole.find_first_of("<>=!");
  if (colon != std::string_view::npos && to != std::string_view::npos && colon < to) {
    return Predicate(
        trimmed(whole.substr(0, colon)), Op::kBetween,
        {trimmed(whole.substr(colon + 1, to - colon - 1)), trimmed(whole.substr(to + 4))});
  }
  for (const auto& [spelling, op] : kSigns) {
    if (sign == std::string_view::npos || whole.substr(sign, spelling.size()) != spelling) continue;
    return Predicate(trimmed(whole.substr(0, sign)), op,
                     {trimmed(whole.substr(sign + spelling.size()))});
  }
  if (colon != std::string_view::npos) {
    return Predicate(trimmed(whole.substr(0, colon)), Op::kEq, {trimmed(whole.substr(colon + 1))});
  }
  query::Reject("invalid_parameter", "numericFilters", std::nullopt,
                fmt::format("'{}' is not a comparison", text));
}

}  // namespace pgsluice::api
