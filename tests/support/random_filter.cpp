#include "support/random_filter.h"

#include "pgsluice/pg/session.h"

namespace pgsluice::testing {

namespace {

using Type = OraclePath::Type;

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

const std::vector<std::string> kTexts = {"",     "a", "A",  "ab", "b c", "Ähre", "quo\"t", "b\\s",
                                         "it's", "Z", "zz", "10", "9",   "null", "AND"};
const std::vector<std::string> kMoods = {"sad", "ok", "happy"};

}  // namespace

const std::vector<OraclePath>& RandomFilter::Paths() {
  static const std::vector<OraclePath> paths = {
      {"id", Type::kInteger, "r.id"},
      {"name", Type::kText, "r.name"},
      {"level", Type::kInteger, "r.level"},
      {"price", Type::kDecimal, "r.price"},
      {"mood", Type::kEnum, "r.mood"},
      {"live", Type::kBool, "r.live"},
      {"created_at", Type::kTime, "r.created_at"},
      {"owner.name", Type::kText, "(SELECT o.name FROM owner o WHERE o.id = r.owner_id)"},
      {"owner.rank", Type::kInteger, "(SELECT o.rank FROM owner o WHERE o.id = r.owner_id)"},
      {"tags", Type::kText, "SELECT unnest(r.tags)", true},
      {"labels", Type::kText,
       "SELECT l.name FROM item_label il JOIN label l ON l.id = il.label_id WHERE il.item_id = "
       "r.id",
       true},
      {"orders.state", Type::kText, "SELECT o.state FROM orders o WHERE o.item_id = r.id", true},
      {"orders.total", Type::kInteger, "SELECT o.total FROM orders o WHERE o.item_id = r.id", true},
  };
  return paths;
}

std::string RandomFilter::Comparable(Type type, const std::string& value) {
  if (type == Type::kText) return "(" + value + ") COLLATE \"C\"";
  if (type == Type::kDecimal) return "(" + value + ")::float8";
  return "(" + value + ")";
}

RandomFilter::Literal RandomFilter::Value(Type type) {
  switch (type) {
    case Type::kInteger: {
      const int kind = Below(10);
      const std::string number = kind == 0   ? std::to_string(9007199254740993 + Below(150))
                                 : kind == 1 ? std::to_string(Below(150))
                                             : std::to_string(Below(7) - 1);
      return {number, number};
    }
    case Type::kDecimal: {
      const std::string number = std::to_string(Below(6)) + (Below(2) == 0 ? ".5" : "");
      return {number, number + "::float8"};
    }
    case Type::kBool: {
      const std::string value = Below(2) == 0 ? "true" : "false";
      return {value, value};
    }
    case Type::kEnum: {
      const std::string& value = kMoods[static_cast<std::size_t>(Below(3))];
      return {value, "'" + value + "'::mood"};
    }
    case Type::kTime: {
      const int day = 1 + Below(9);
      const std::string value = "2024-01-0" + std::to_string(day);
      const std::string full = value + (Below(2) == 0 ? "T12:00:00Z" : "T00:00:00Z");
      return {Below(4) == 0 && full[12] == '0' ? value : full, "timestamptz '" + full + "'"};
    }
    case Type::kText:
      break;
  }
  const auto& text = kTexts[static_cast<std::size_t>(Below(static_cast<int>(kTexts.size())))];
  return {Quoted(text), pg::Session::QuoteLiteral(text)};
}

OracleFilter RandomFilter::Compare(const std::string& path, Type type, const std::string& value,
                                   bool& negated) {
  const std::string sql = Comparable(type, value);
  const int kind = Below(10);
  if (kind == 0) return {path + " IS NOT NULL", value + " IS NOT NULL"};
  if (kind == 1) {
    negated = true;
    return {path + " IS NULL", value + " IS NOT NULL"};
  }
  if (kind == 2 || kind == 3) {
    std::string text, list;
    for (int i = 1 + Below(4); i > 0; --i) {
      const Literal literal = Value(type);
      text += (text.empty() ? "" : ", ") + literal.text;
      list += (list.empty() ? "" : ", ") + literal.sql;
    }
    negated = kind == 3;
    return {path + (negated ? " NOT IN [" : " IN [") + text + "]", sql + " IN (" + list + ")"};
  }
  if (kind == 4 && type == Type::kText) {
    negated = Below(2) == 0;
    const Literal literal = Value(type);
    return {path + (negated ? " NOT" : "") + " STARTS WITH " + literal.text,
            "starts_with(" + value + ", " + literal.sql + ")"};
  }
  const Literal literal = Value(type);
  if (kind == 5 && type != Type::kBool) {
    const Literal high = Value(type);
    return {path + " BETWEEN " + literal.text + " AND " + high.text,
            sql + " BETWEEN " + literal.sql + " AND " + high.sql};
  }
  if (kind == 6) {
    negated = true;
    return {path + " != " + literal.text, sql + " = " + literal.sql};
  }
  static const char* const signs[] = {"=", "<", "<=", ">", ">="};
  const std::string sign = signs[type == Type::kBool ? 0 : Below(5)];
  return {path + " " + sign + " " + literal.text, sql + " " + sign + " " + literal.sql};
}

OracleFilter RandomFilter::Leaf() {
  const auto& paths = Paths();
  const OraclePath& path = paths[static_cast<std::size_t>(Below(static_cast<int>(paths.size())))];
  bool negated = false;
  OracleFilter filter = Compare(path.path, path.type, path.many ? "m.v" : path.sql, negated);
  if (path.many)
    filter.sql = "EXISTS (SELECT FROM (" + path.sql + ") m(v) WHERE " + filter.sql + ")";
  if (negated) filter.sql = "NOT (" + filter.sql + ")";
  return filter;
}

OracleFilter RandomFilter::InElement(int depth) {
  const int kind = depth == 0 ? 0 : Below(4);
  if (kind >= 2) {
    const OracleFilter left = InElement(depth - 1);
    const OracleFilter right = InElement(depth - 1);
    const std::string word = kind == 2 ? " AND " : " OR ";
    return {"(" + left.text + word + right.text + ")", "(" + left.sql + word + right.sql + ")"};
  }
  if (kind == 1) {
    const OracleFilter inner = InElement(depth - 1);
    return {"NOT " + inner.text, "NOT (" + inner.sql + ")"};
  }
  bool negated = false;
  OracleFilter filter = Below(2) == 0 ? Compare("state", Type::kText, "e.state", negated)
                                      : Compare("total", Type::kInteger, "e.total", negated);
  if (negated) filter.sql = "NOT (" + filter.sql + ")";
  return filter;
}

/// orders[…]: one element must meet all conditions.
OracleFilter RandomFilter::Element() {
  const OracleFilter inner = InElement(2);
  return {"orders[" + inner.text + "]",
          "EXISTS (SELECT FROM orders e WHERE e.item_id = r.id AND " + inner.sql + ")"};
}

OracleFilter RandomFilter::Tree(int depth) {
  const int kind = depth == 0 ? 0 : Below(6);
  if (kind == 0) return Below(5) == 0 ? Element() : Leaf();
  if (kind == 1) {
    const OracleFilter inner = Tree(depth - 1);
    return {"NOT " + inner.text, "NOT (" + inner.sql + ")"};
  }
  const OracleFilter left = Tree(depth - 1);
  const OracleFilter right = Tree(depth - 1);
  const std::string word = kind < 4 ? " AND " : " OR ";
  return {"(" + left.text + word + right.text + ")", "(" + left.sql + word + right.sql + ")"};
}

OracleFilter RandomFilter::Make() {
  if (Below(10) == 0) return {"", "true"};
  return Tree(Below(4));
}

}  // namespace pgsluice::testing
