#include "pgsluice/query/filter_dsl.h"

#include <spdlog/fmt/fmt.h>

#include "pgsluice/json/writer.h"
#include "pgsluice/query/problem.h"
#include "query/compare.h"

namespace pgsluice::query {

namespace {

bool IsNegative(Op op) {
  return op == Op::kNe || op == Op::kNotIn || op == Op::kNotPrefix || op == Op::kNotContains ||
         op == Op::kIsNull;
}

Dsl Wrap(const std::string& nested_path, const Dsl& inner) {
  if (nested_path.empty() || inner.kind == Dsl::Kind::kNone) return inner;
  return {Dsl::Kind::kText, fmt::format(R"({{"nested":{{"path":{},"query":{}}}}})",
                                        json::Quote(nested_path), inner.Text())};
}

class Translator {
 public:
  Translator(const Schema& schema, const std::string& parameter)
      : schema_(schema), parameter_(parameter) {}

  /// Returns the documents for which `expr` is true (`wanted`) or false; unknown is neither.
  Dsl Truth(const Expr& expr, const plan::Field* scope, bool wanted) const {
    switch (expr.kind) {
      case Expr::Kind::kNot:
        return Truth(expr.parts.front(), scope, !wanted);
      case Expr::Kind::kAnd:
      case Expr::Kind::kOr: {
        std::vector<Dsl> parts;
        for (const Expr& part : expr.parts) parts.push_back(Truth(part, scope, wanted));
        return (expr.kind == Expr::Kind::kAnd) == wanted ? AllOf(parts) : AnyOf(parts);
      }
      case Expr::Kind::kAny:
        return Element(expr, scope, wanted);
      case Expr::Kind::kPredicate:
        return Predicate(expr, scope, wanted);
    }
    return {};
  }

 private:
  Resolved Lookup(const Expr& expr, const plan::Field* scope) const {
    Resolved resolved = schema_.Resolve(expr.path, scope);
    if (resolved.field == nullptr) {
      std::vector<std::string> allowed = schema_.Paths(scope);
      if (allowed.size() > 50) allowed.resize(50);
      Reject("unknown_field", parameter_, expr.offset, schema_.Unknown(expr.path, scope),
             std::move(allowed));
    }
    return resolved;
  }

  Dsl Element(const Expr& expr, const plan::Field* scope, bool wanted) const {
    const Resolved resolved = Lookup(expr, scope);
    const bool object = resolved.field->kind == plan::Kind::kObject;
    if (!object || resolved.json_value || (resolved.field->array && !resolved.field->nested)) {
      Reject("invalid_filter", parameter_, expr.offset,
             fmt::format("'{}' holds no elements that are kept apart; [ ] needs a nested embed",
                         resolved.path));
    }
    const Dsl any = Wrap(resolved.nested_path, Truth(expr.parts.front(), resolved.field, true));
    return wanted ? any : Not(any);
  }

  /// Returns documents that have a value in a visible part of an object.
  Dsl PresentPart(const plan::Field& object) const {
    std::vector<Dsl> parts;
    for (const plan::Field& part : object.fields) {
      if (part.nested || schema_.IsHidden(part.path)) continue;
      if (part.kind == plan::Kind::kObject) {
        parts.push_back(PresentPart(part));
      } else {
        Resolved leaf;
        leaf.field = &part;
        leaf.path = part.path;
        parts.push_back(Present(leaf));
      }
    }
    return AnyOf(parts);
  }

  Dsl Predicate(const Expr& expr, const plan::Field* scope, bool wanted) const {
    const Resolved resolved = Lookup(expr, scope);
    const bool null_test = expr.op == Op::kIsNull || expr.op == Op::kIsNotNull;
    const plan::Field& field = *resolved.field;
    const bool object = field.kind == plan::Kind::kObject && !field.nested;
    const Dsl positive =
        Wrap(resolved.nested_path,
             object && null_test ? PresentPart(field) : Positive(expr, resolved, parameter_));
    for (const Literal& value : expr.values) {
      if (value.impossible) return {Dsl::Kind::kNone, {}};  // Unknown: neither true nor false.
    }
    if (IsNegative(expr.op) != wanted) return positive;
    if (resolved.many || null_test) return Not(positive);
    return AllOf({Present(resolved), Not(positive)});
  }

  const Schema& schema_;
  const std::string& parameter_;
};

}  // namespace

Dsl TranslateFilter(const Expr& filter, const Schema& schema, const std::string& parameter) {
  return Translator(schema, parameter).Truth(filter, nullptr, true);
}

}  // namespace pgsluice::query
