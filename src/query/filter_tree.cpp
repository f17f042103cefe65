#include <spdlog/fmt/fmt.h>

#include "pgsluice/query/filter.h"
#include "pgsluice/query/problem.h"
#include "query/distance.h"

namespace pgsluice::query {

namespace {

using json::Value;

const std::vector<std::pair<std::string_view, Op>> kOps = {{"eq", Op::kEq},
                                                           {"ne", Op::kNe},
                                                           {"lt", Op::kLt},
                                                           {"lte", Op::kLe},
                                                           {"gt", Op::kGt},
                                                           {"gte", Op::kGe},
                                                           {"in", Op::kIn},
                                                           {"nin", Op::kNotIn},
                                                           {"between", Op::kBetween},
                                                           {"prefix", Op::kPrefix},
                                                           {"contains", Op::kContains}};
const std::vector<std::string> kAllowed = {
    "eq",      "ne",      "lt",     "lte",    "gt",       "gte",    "in",         "nin",
    "between", "is_null", "exists", "prefix", "contains", "within", "within_box", "within_polygon",
    "any",     "none"};

class Tree {
 public:
  explicit Tree(const FilterOptions& options) : options_(options) {}

  Expr Node(const Value& value, int depth) {
    if (!value.IsObject()) Fail(value, "an object was expected");
    if (depth > kMaxDepth) {
      Limit(value, fmt::format("a filter is nested at most {} levels deep", kMaxDepth));
    }
    if (value.members.empty()) Fail(value, "an empty object filters nothing; leave it out");
    Expr all;
    all.offset = value.begin;
    for (const auto& [name, member] : value.members)
      all.parts.push_back(Member(name, member, depth));
    if (all.parts.size() == 1) return std::move(all.parts.front());
    return all;
  }

 private:
  Expr Member(const std::string& name, const Value& value, int depth) {
    if (name == "not") return Not(Node(value, depth + 1), value);
    if ((name == "and" || name == "or") && value.IsArray()) {
      Expr expr;
      expr.kind = name == "and" ? Expr::Kind::kAnd : Expr::Kind::kOr;
      expr.offset = value.begin;
      if (value.items.empty()) {
        Fail(value, fmt::format("a list of at least one filter was expected for '{}'", name));
      }
      for (const Value& item : value.items) expr.parts.push_back(Node(item, depth + 1));
      return expr;
    }
    if (name.empty()) Fail(value, "the name of a field was expected, not \"\"");
    // {"state":"active"} is short for {"state":{"eq":"active"}}.
    if (!value.IsObject() && !value.IsArray()) return Predicate(name, "eq", value, depth);
    if (!value.IsObject() || value.members.empty()) {
      Fail(value, fmt::format("an object of operators was expected for '{}'", name));
    }
    Expr all;
    all.offset = value.begin;
    for (const auto& [op, operand] : value.members) {
      all.parts.push_back(Predicate(name, op, operand, depth));
    }
    if (all.parts.size() == 1) return std::move(all.parts.front());
    return all;
  }

  static Expr Not(Expr inner, const Value& value) {
    Expr expr;
    expr.kind = Expr::Kind::kNot;
    expr.offset = value.begin;
    expr.parts.push_back(std::move(inner));
    return expr;
  }

  Expr Predicate(const std::string& path, const std::string& op, const Value& value, int depth) {
    Expr expr;
    expr.path = path;
    expr.offset = value.begin;
    if (op == "any" || op == "none") {
      expr.kind = Expr::Kind::kAny;
      expr.parts.push_back(Node(value, depth + 1));
      return op == "any" ? expr : Not(std::move(expr), value);
    }
    expr.kind = Expr::Kind::kPredicate;
    if (++predicates_ > kMaxPredicates) {
      Limit(value, fmt::format("a filter holds at most {} comparisons", kMaxPredicates));
    }
    if (op == "is_null" || op == "exists") {
      if (!value.IsBool()) Fail(value, "true or false was expected");
      expr.op = (op == "is_null") == value.boolean ? Op::kIsNull : Op::kIsNotNull;
    } else if (op == "within") {
      Within(expr, value);
    } else if (op == "within_box") {
      Box(expr, value);
    } else if (op == "within_polygon") {
      Polygon(expr, value);
    } else {
      Compare(expr, op, value);
    }
    return expr;
  }

  void Compare(Expr& expr, const std::string& name, const Value& value) {
    for (const auto& [spelling, op] : kOps) {
      if (spelling != name) continue;
      expr.op = op;
      const bool list = op == Op::kIn || op == Op::kNotIn || op == Op::kBetween;
      if (!list) {
        expr.values.push_back(Scalar(value));
        return;
      }
      if (!value.IsArray()) Fail(value, "a list was expected");
      if (op == Op::kBetween && value.items.size() != 2) Fail(value, "two values were expected");
      if (value.items.size() > kMaxListValues) {
        Limit(value, fmt::format("a list holds at most {} values", kMaxListValues));
      }
      for (const Value& item : value.items) expr.values.push_back(Scalar(item));
      return;
    }
    Reject("invalid_filter", options_.parameter, value.begin,
           fmt::format("operator '{}' is not known", name), kAllowed);
  }

  void Within(Expr& expr, const Value& value) {
    expr.op = Op::kWithin;
    const Value* lat = value.Find("lat");
    const Value* lon = value.Find("lon");
    const Value* distance = value.Find("distance");
    const auto metres = distance != nullptr ? ParseDistance(distance->text) : std::nullopt;
    const auto degrees = [](const Value* v, double limit) {
      const auto d = v == nullptr ? std::nullopt : v->AsDouble();
      return d && *d >= -limit && *d <= limit;
    };
    if (!degrees(lat, 90) || !degrees(lon, 180) || !metres) {
      Fail(value, R"({"lat": …, "lon": …, "distance": "5km"} was expected)");
    }
    expr.lat = *lat->AsDouble();
    expr.lon = *lon->AsDouble();
    expr.metres = *metres;
  }

  double Degrees(const Value& place, const Value* value, double limit) const {
    const auto number = value == nullptr ? std::nullopt : value->AsDouble();
    if (!number || !(*number >= -limit && *number <= limit)) {
      Fail(place, "coordinates in degrees were expected");
    }
    return *number;
  }

  void Box(Expr& expr, const Value& value) {
    expr.op = Op::kWithin;
    const auto side = [&](const char* name, double limit) {
      return Degrees(value, value.Find(name), limit);
    };
    if (!value.IsObject() || value.members.size() != 4) {
      Fail(value, R"({"top": …, "left": …, "bottom": …, "right": …} was expected)");
    }
    expr.corners = {{side("top", 90), side("left", 180)}, {side("bottom", 90), side("right", 180)}};
    if (expr.corners[0].first < expr.corners[1].first) {
      Fail(value, "the top of a box is not below its bottom");
    }
  }

  void Polygon(Expr& expr, const Value& value) {
    expr.op = Op::kWithin;
    if (!value.IsArray() || value.items.size() < 3) {
      Fail(value, "[[lat, lon], …] with three corners or more was expected");
    }
    if (value.items.size() > kMaxListValues) Limit(value, "a polygon has at most 1000 corners");
    for (const Value& corner : value.items) {
      if (corner.items.size() != 2) Fail(corner, "[lat, lon] was expected");
      expr.corners.emplace_back(Degrees(corner, &corner.items[0], 90),
                                Degrees(corner, &corner.items[1], 180));
    }
  }

  Literal Scalar(const Value& value) const {
    Literal literal;
    literal.offset = value.begin;
    literal.quoted = value.IsString();
    if (value.IsBool()) {
      literal.text = value.boolean ? "true" : "false";
    } else if (value.IsString() || value.IsNumber()) {
      literal.text = value.text;
    } else {
      Fail(value,
           "a string, a number, true or false was expected; nulls are "
           "found by is_null");
    }
    return literal;
  }

  [[noreturn]] void Fail(const Value& value, const std::string& detail) const {
    Reject("invalid_filter", options_.parameter, value.begin, detail);
  }
  [[noreturn]] void Limit(const Value& value, const std::string& detail) const {
    Reject("limit_exceeded", options_.parameter, value.begin, detail);
  }

  const FilterOptions& options_;
  std::size_t predicates_ = 0;
};

}  // namespace

Expr ParseFilterTree(const Value& tree, const FilterOptions& options) {
  return Tree(options).Node(tree, 0);
}

namespace {

Literal FromClaim(const Literal& place, const Value& value) {
  Literal literal = place;
  literal.claim.clear();
  literal.quoted = value.IsString();
  literal.impossible = !(value.IsString() || value.IsNumber() || value.IsBool());
  literal.text = value.IsBool() ? (value.boolean ? "true" : "false") : value.text;
  return literal;
}

}  // namespace

Expr WithClaims(Expr expr, const std::function<const Value*(const std::string&)>& claim) {
  const auto required = [&](const std::string& name) -> const Value& {
    const Value* value = claim(name);
    if (value == nullptr)
      throw Problem(403, "missing_claim", fmt::format("claim '{}' is missing", name));
    return *value;
  };
  for (Literal& literal : expr.values) {
    if (!literal.claim.empty()) literal = FromClaim(literal, required(literal.claim));
  }
  if (!expr.list_claim.empty()) {
    const Value& list = required(expr.list_claim);
    if (!list.IsArray()) expr.values.push_back(FromClaim({}, Value()));
    for (const Value& item : list.items) expr.values.push_back(FromClaim({}, item));
    expr.list_claim.clear();
  }
  for (Expr& part : expr.parts) part = WithClaims(std::move(part), claim);
  return expr;
}

}  // namespace pgsluice::query
