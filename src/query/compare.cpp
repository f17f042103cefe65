#include "query/compare.h"

#include <arpa/inet.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <functional>

#include "pgsluice/json/writer.h"
#include "pgsluice/plan/engine_path.h"
#include "pgsluice/query/problem.h"
#include "query/geo.h"
#include "query/literal.h"

namespace pgsluice::query {

using plan::Field;
using plan::Kind;

namespace {

const Dsl kNever{Dsl::Kind::kNone, {}};

Dsl Clause(std::string_view name, const std::string& path, const std::string& json) {
  return {Dsl::Kind::kText, fmt::format(R"({{"{}":{{{}:{}}}}})", name, json::Quote(path), json)};
}

std::string_view RangeName(Op op) {
  switch (op) {
    case Op::kLt:
      return "lt";
    case Op::kLe:
      return "lte";
    case Op::kGt:
      return "gt";
    default:
      return "gte";
  }
}

bool IsAddress(const std::string& text) {
  in6_addr address{};
  return inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool IsUpper(Op op) { return op == Op::kLt || op == Op::kLe; }

class Comparer {
 public:
  Comparer(const Expr& expr, const Resolved& resolved, const std::string& parameter)
      : expr_(expr),
        resolved_(resolved),
        field_(*resolved.field),
        parameter_(parameter),
        path_(ExactPath(resolved)) {}

  Dsl Build() {
    CheckOperator();
    switch (expr_.op) {
      case Op::kEq:
      case Op::kNe:
      case Op::kIn:
      case Op::kNotIn:
        return Equal();
      case Op::kBetween:
        if (FamilyOf() == Family::kRange) return Overlaps(expr_.values[0], expr_.values[1]);
        return Between(expr_.values[0], expr_.values[1]);
      case Op::kPrefix:
      case Op::kNotPrefix:
        return Prefix();
      case Op::kContains:
      case Op::kNotContains:
        if (FamilyOf() == Family::kRange) return Covers();
        return Clause(
            "match", resolved_.path,
            fmt::format(R"({{"query":{},"operator":"and"}})", json::Quote(expr_.values[0].text)));
      case Op::kWithin:
        if (!expr_.corners.empty()) return WithinCorners(expr_.corners, path_);
        return {Dsl::Kind::kText,
                fmt::format(R"({{"geo_distance":{{"distance":"{}m",{}:{{"lat":{},"lon":{}}}}}}})",
                            expr_.metres, json::Quote(path_), expr_.lat, expr_.lon)};
      case Op::kIsNull:
      case Op::kIsNotNull:
        return Present(resolved_);
      default:
        return Ordered(expr_.op, expr_.values[0]);
    }
  }

  Dsl HalfOpen(const Literal* from, const Literal* to) const {
    CheckOperator();
    std::vector<Bound> bounds;
    if (from != nullptr) bounds.push_back(BoundOf(Op::kGe, *from));
    if (to != nullptr) bounds.push_back(BoundOf(Op::kLt, *to));
    return Range(bounds);
  }

 private:
  enum class Family { kNumber, kBool, kText, kEnum, kDate, kIp, kGeo, kRange, kOther };

  Family FamilyOf() const {
    if (resolved_.json_value) return Family::kText;
    switch (field_.kind) {
      case Kind::kInteger:
      case Kind::kDecimal:
        return Family::kNumber;
      case Kind::kBool:
        return Family::kBool;
      case Kind::kText:
      case Kind::kKeyword:
      case Kind::kTime:
        return Family::kText;
      case Kind::kEnum:
        return Family::kEnum;
      case Kind::kDate:
        return Family::kDate;
      case Kind::kIp:
        return Family::kIp;
      case Kind::kGeoPoint:
        return Family::kGeo;
      case Kind::kRange:
      case Kind::kIpRange:
        return field_.engine_type.empty() ? Family::kOther : Family::kRange;
      default:
        return Family::kOther;
    }
  }

  bool Allows(Op op) const {
    const Family family = FamilyOf();
    const bool null_test = op == Op::kIsNull || op == Op::kIsNotNull;
    if (!IsFilterable(field_) && !null_test) return false;
    if (family == Family::kRange && !null_test) {
      return op == Op::kContains || op == Op::kNotContains || op == Op::kBetween;
    }
    switch (op) {
      case Op::kIsNull:
      case Op::kIsNotNull:
        return field_.kind != Kind::kBinary;
      case Op::kWithin:
        return family == Family::kGeo;
      case Op::kPrefix:
      case Op::kNotPrefix:
        return family == Family::kText || family == Family::kEnum;
      case Op::kContains:
      case Op::kNotContains:
        return field_.kind == Kind::kText;
      case Op::kEq:
      case Op::kNe:
      case Op::kIn:
      case Op::kNotIn:
        return family != Family::kGeo && family != Family::kOther;
      default:
        return family != Family::kGeo && family != Family::kOther && family != Family::kBool &&
               !resolved_.json_value;
    }
  }

  void CheckOperator() const {
    if (Allows(expr_.op)) return;
    std::vector<std::string> allowed;
    for (int i = 0; i <= static_cast<int>(Op::kWithin); ++i) {
      if (Allows(static_cast<Op>(i))) allowed.emplace_back(Spelling(static_cast<Op>(i)));
    }
    Reject("invalid_filter", parameter_, expr_.offset,
           fmt::format("'{}' cannot be used with '{}' ({})", Spelling(expr_.op), resolved_.path,
                       field_.pg_type),
           std::move(allowed));
  }

  [[noreturn]] void BadValue(const Literal& value, std::string_view wanted,
                             std::vector<std::string> allowed = {}) const {
    Reject("invalid_filter", parameter_, value.offset,
           fmt::format("'{}' is not a {}, but '{}' needs one", value.text, wanted, resolved_.path),
           std::move(allowed));
  }

  /// Returns the value for a comparison with the values inside a range column.
  std::string Inside(const Literal& value) const {
    if (field_.kind == Kind::kIpRange) {
      if (!IsAddress(value.text)) BadValue(value, "network address");
      return json::Quote(value.text);
    }
    if (field_.engine_type == "date_range") {
      const auto date = ReadDate(value.text);
      if (!date) BadValue(value, "date or time");
      return date->beyond != 0 ? "" : json::Quote(date->text);
    }
    const auto number = ReadDecimal(value.text);
    if (!number) BadValue(value, "number");
    if (field_.engine_type == "double_range") return number->beyond != 0 ? "" : number->text;
    const auto whole = ReadInteger(value.text);
    const bool possible = whole && whole->beyond == 0 && whole->exact && Fits(whole->floor) == 0;
    return possible ? std::to_string(whole->floor) : "";
  }

  /// Returns ranges that contain a value.
  Dsl Covers() const {
    const Literal& value = expr_.values[0];
    const std::string inside = value.impossible ? "" : Inside(value);
    return inside.empty() ? kNever : Clause("term", path_, inside);
  }

  /// Returns ranges that overlap the one from `low` to `high`, both included.
  Dsl Overlaps(const Literal& low, const Literal& high) const {
    if (low.impossible || high.impossible) return kNever;
    const std::string from = Inside(low), to = Inside(high);
    const std::string bounds =
        (from.empty() ? "" : R"("gte":)" + from + ",") + (to.empty() ? "" : R"("lte":)" + to + ",");
    const char* format =
        field_.engine_type == "date_range" ? R"(,"format":"strict_date_optional_time")" : "";
    return Clause("range", path_, "{" + bounds + R"("relation":"intersects")" + format + "}");
  }

  bool IgnoresCase() const { return field_.pg_type == "citext" && !resolved_.json_value; }

  /// Uses one term per value, because lists of terms always compare case.
  Dsl EqualInAnyCase() const {
    std::vector<Dsl> any;
    for (const Literal& value : expr_.values) {
      if (value.impossible) continue;
      any.push_back(Clause(
          "term", path_,
          fmt::format(R"({{"value":{},"case_insensitive":true}})", json::Quote(value.text))));
    }
    return AnyOf(any);
  }

  Dsl Equal() {
    if (IgnoresCase()) return EqualInAnyCase();
    std::string list;
    for (const Literal& value : expr_.values) {
      const std::string json = value.impossible ? "" : Exact(value);
      if (json.empty()) continue;
      if (!list.empty()) list += ',';
      list += json;
    }
    if (list.empty()) return kNever;
    const bool one = expr_.values.size() == 1;
    return one ? Clause("term", path_, list) : Clause("terms", path_, "[" + list + "]");
  }

  /// Returns the value for a comparison by equality; empty if nothing can be equal to it.
  std::string Exact(const Literal& value) const {
    switch (FamilyOf()) {
      case Family::kNumber:
        if (field_.kind == Kind::kDecimal) {
          const auto number = ReadDecimal(value.text);
          if (!number) BadValue(value, "number");
          return number->beyond != 0 ? "" : number->text;
        } else {
          const auto number = ReadInteger(value.text);
          if (!number) BadValue(value, "number");
          const bool possible = number->beyond == 0 && number->exact && Fits(number->floor) == 0;
          return possible ? std::to_string(number->floor) : "";
        }
      case Family::kBool:
        if (value.text != "true" && value.text != "false") {
          BadValue(value, "truth value (true or false)", {"true", "false"});
        }
        return value.text;
      case Family::kEnum:
        Rank(value);
        return json::Quote(value.text);
      case Family::kDate: {
        const auto date = ReadDate(value.text);
        if (!date) BadValue(value, "date or time");
        return date->beyond != 0 ? "" : json::Quote(date->text);
      }
      case Family::kIp:
        if (!IsAddress(value.text)) BadValue(value, "network address");
        return json::Quote(value.text);
      default:
        return json::Quote(Normal(value.text));
    }
  }

  /// Returns text as PostgreSQL would print it.
  std::string Normal(std::string text) const {
    if (field_.pg_type == "uuid") {
      std::transform(text.begin(), text.end(), text.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    }
    if (field_.kind == Kind::kTime && text.size() == 5 && text[2] == ':') text += ":00";
    return text;
  }

  /// One end of a range.
  struct Bound {
    enum class Kind { kNothing, kEverything, kLimit };
    Kind kind;
    std::string json{};  ///< kLimit: `"gte":5`.
  };

  Dsl Ordered(Op op, const Literal& value) const {
    if (FamilyOf() == Family::kEnum && !value.impossible) return OrderedEnum(op, value);
    return Range({BoundOf(op, value)});
  }

  /// Puts both ends into one clause, because a single one of several values must meet both.
  Dsl Between(const Literal& low, const Literal& high) const {
    if (FamilyOf() == Family::kEnum && !low.impossible && !high.impossible) {
      const std::size_t first = Rank(low);
      const std::size_t last = Rank(high);
      return Labels([&](std::size_t i) { return first <= i && i <= last; });
    }
    return Range({BoundOf(Op::kGe, low), BoundOf(Op::kLe, high)});
  }

  Dsl Range(const std::vector<Bound>& bounds) const {
    std::string limits;
    for (const Bound& bound : bounds) {
      if (bound.kind == Bound::Kind::kNothing) return kNever;
      if (bound.kind == Bound::Kind::kLimit) limits += (limits.empty() ? "" : ",") + bound.json;
    }
    if (limits.empty()) return Present(resolved_);
    if (FamilyOf() == Family::kDate) limits += R"(,"format":"strict_date_optional_time")";
    return Clause("range", path_, "{" + limits + "}");
  }

  static Bound Limit(Op op, const std::string& json) {
    return {Bound::Kind::kLimit, fmt::format(R"("{}":{})", RangeName(op), json)};
  }

  /// Returns the bound for a literal beyond every possible value.
  static Bound Beyond(Op op, int side) {
    return {IsUpper(op) == (side > 0) ? Bound::Kind::kEverything : Bound::Kind::kNothing};
  }

  Bound BoundOf(Op op, const Literal& value) const {
    if (value.impossible) return {Bound::Kind::kNothing};
    switch (FamilyOf()) {
      case Family::kNumber:
        return field_.kind == Kind::kDecimal ? DecimalBound(op, value) : IntegerBound(op, value);
      case Family::kDate: {
        const auto date = ReadDate(value.text);
        if (!date) BadValue(value, "date or time");
        if (date->beyond != 0) return Beyond(op, date->beyond);
        return Limit(op, json::Quote(date->text));
      }
      default:
        return Limit(op, Exact(value));
    }
  }

  Bound DecimalBound(Op op, const Literal& value) const {
    const auto number = ReadDecimal(value.text);
    if (!number) BadValue(value, "number");
    if (number->beyond != 0) return Beyond(op, number->beyond);
    return Limit(op, number->text);
  }

  Bound IntegerBound(Op op, const Literal& value) const {
    const auto number = ReadInteger(value.text);
    if (!number) BadValue(value, "number");
    if (number->beyond != 0) return Beyond(op, number->beyond);
    if (const int side = Fits(number->floor); side != 0) return Beyond(op, side);
    if (!number->exact) op = IsUpper(op) ? Op::kLe : Op::kGt;
    return Limit(op, std::to_string(number->floor));
  }

  /// Returns -1 or 1 if no value of the engine's type can reach it.
  int Fits(std::int64_t value) const {
    std::int64_t high = INT64_MAX;
    if (field_.engine_type == "short") high = 32767;
    if (field_.engine_type == "integer" || field_.engine_type == "integer_range") high = 2147483647;
    if (field_.engine_type == "byte") high = 127;
    return value > high ? 1 : value < -high - 1 ? -1 : 0;
  }

  std::size_t Rank(const Literal& value) const {
    const auto& labels = field_.labels;
    const auto found = std::find(labels.begin(), labels.end(), value.text);
    if (found == labels.end()) BadValue(value, fmt::format("label of {}", field_.pg_type), labels);
    return static_cast<std::size_t>(found - labels.begin());
  }

  Dsl Labels(const std::function<bool(std::size_t)>& wanted) const {
    std::string list;
    std::size_t count = 0;
    for (std::size_t i = 0; i < field_.labels.size(); ++i) {
      if (!wanted(i)) continue;
      if (count++ > 0) list += ',';
      list += json::Quote(field_.labels[i]);
    }
    if (count == 0) return kNever;
    return Clause("terms", path_, "[" + list + "]");
  }

  Dsl OrderedEnum(Op op, const Literal& value) const {
    const std::size_t rank = Rank(value);
    return Labels([&](std::size_t i) {
      return op == Op::kLt   ? i < rank
             : op == Op::kLe ? i <= rank
             : op == Op::kGt ? i > rank
                             : i >= rank;
    });
  }

  Dsl Prefix() const {
    const Literal& value = expr_.values[0];
    if (value.impossible) return kNever;
    if (value.text.empty()) return Present(resolved_);
    if (FamilyOf() == Family::kEnum) {
      return Labels([&](std::size_t i) { return field_.labels[i].rfind(value.text, 0) == 0; });
    }
    return Clause("prefix", path_,
                  fmt::format(R"({{"value":{}{}}})", json::Quote(value.text),
                              IgnoresCase() ? R"(,"case_insensitive":true)" : ""));
  }

  const Expr& expr_;
  const Resolved& resolved_;
  const Field& field_;
  const std::string& parameter_;
  const std::string path_;
};

}  // namespace

Dsl Present(const Resolved& resolved) {
  if (resolved.field->kind == Kind::kObject && resolved.field->nested) return {};
  return {Dsl::Kind::kText, fmt::format(R"({{"exists":{{"field":{}}}}})",
                                        json::Quote(plan::EnginePath(resolved.path)))};
}

Dsl Positive(const Expr& expr, const Resolved& resolved, const std::string& parameter) {
  return Comparer(expr, resolved, parameter).Build();
}

Dsl HalfOpen(const Literal* from, const Literal* to, const Resolved& resolved,
             const std::string& parameter) {
  Expr expr;
  expr.kind = Expr::Kind::kPredicate;
  expr.op = Op::kBetween;
  return Comparer(expr, resolved, parameter).HalfOpen(from, to);
}

}  // namespace pgsluice::query
