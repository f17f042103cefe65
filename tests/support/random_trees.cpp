#include "support/random_trees.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/json/writer.h"
#include "pgsluice/pg/session.h"

namespace pgsluice::testing {

namespace {

constexpr int kDepth = 4, kSteps = 7, kEmbeds = 9;
constexpr const char* kRank = "\"the rank\"";

std::string Joined(const std::vector<std::string>& parts, const char* between = ", ") {
  return fmt::format("{}", fmt::join(parts, between));
}

std::string Q(const std::string& name) { return pg::Session::QuoteName(name); }
std::string Literal(const std::string& text) { return pg::Session::QuoteLiteral(text); }

/// "name": value
std::string Member(const std::string& name, const std::string& value) {
  return json::Quote(name) + ": " + value;
}

std::string Object(const std::vector<std::string>& members) { return "{" + Joined(members) + "}"; }

std::string Strings(std::vector<std::string> texts) {
  for (std::string& text : texts) text = json::Quote(text);
  return "[" + Joined(texts) + "]";
}

std::string OnSetting(const std::vector<std::string>& above, const std::vector<std::string>& here) {
  std::vector<std::string> pairs;
  for (std::size_t i = 0; i < above.size(); ++i) {
    pairs.push_back(Member(above[i], json::Quote(here[i])));
  }
  return Object(pairs);
}

std::string DocumentSql(const std::vector<std::string>& members) {
  return "json_build_object(" + Joined(members) + ")";
}

bool Covers(const std::vector<std::string>& columns, const std::vector<std::string>& key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [&](const std::string& column) {
    return Contains(columns, column);
  });
}

std::string IdSql(const RandomSchema::Table& table) {
  if (table.key.empty()) {
    std::vector<std::string> texts;
    for (const auto& column : table.columns) texts.push_back("root." + Q(column.name) + "::text");
    return fmt::format(
        "'row:' || encode(sha256(convert_to((ARRAY[{}]::text[])::text, 'UTF8')), 'hex')",
        Joined(texts));
  }
  std::vector<std::string> texts;
  for (const std::string& column : table.key) {
    texts.push_back("root." + Q(column) + "::text");
    if (table.key.size() > 1) {
      texts.back() = fmt::format(R"(replace(replace({}, '\', '\\'), '|', '\|'))", texts.back());
    }
  }
  const std::string id = Joined(texts, " || '|' || ");
  // Engines do not allow empty ids.
  return fmt::format("CASE {0} WHEN '' THEN 'sha256:' || encode(sha256(''), 'hex') ELSE {0} END",
                     id);
}

}  // namespace

RandomTrees::RandomTrees(unsigned seed, int indexes) : random_(seed), schema_(random_) {
  FindEdges();
  std::vector<std::string> settings;
  for (int i = 0; i < indexes; ++i) {
    const Table& table = schema_.tables()[random_() % schema_.tables().size()];
    const std::string name = "i" + std::to_string(i);
    left_ = kEmbeds;
    std::string oracle;
    settings.push_back(Member(name, Root(table, oracle)));
    oracles_.emplace_back(name, oracle);
  }
  configuration_ = fmt::format("{{\"indexes\": {{\n{}}}}}", Joined(settings, ",\n"));
}

void RandomTrees::FindEdges() {
  const auto& tables = schema_.tables();
  for (std::size_t from = 0; from < tables.size(); ++from) {
    for (const RandomSchema::Reference& reference : tables[from].references) {
      const std::size_t to = reference.target;
      int between = 0;
      for (const auto& [one, other] : {std::pair(from, to), std::pair(to, from)}) {
        for (const auto& key : tables[one].references)
          between += int{key.enforced && key.target == other};
      }
      const bool only = reference.enforced && between == 1 && from != to;
      edges_.push_back({from, to, reference.columns, tables[to].key, only});
      edges_.push_back({to, from, tables[to].key, reference.columns, only});
    }
  }
}

std::vector<RandomTrees::Edge> RandomTrees::Walk(std::size_t parent, int steps) {
  const int dice = Random(100);
  const int length = std::min(steps, dice < 60 ? 1 : dice < 85 ? 2 : 3);
  std::vector<Edge> walk;
  std::size_t at = parent;
  for (int i = 0; i < length; ++i) {
    std::vector<Edge> next;
    for (const Edge& edge : edges_) {
      const bool through_view = schema_.tables()[edge.to].view_of != RandomSchema::kNone;
      if (edge.from == at && (!through_view || i + 1 == length)) next.push_back(edge);
    }
    if (next.empty()) return {};
    walk.push_back(next[random_() % next.size()]);
    at = walk.back().to;
  }
  return walk;
}

bool RandomTrees::IsMany(const std::vector<Edge>& walk) const {
  return walk.size() > 1 || !Covers(walk[0].here, schema_.tables()[walk[0].to].key);
}

std::string RandomTrees::Sources(const Table& view) const {
  return fmt::format(R"("key": {}, "sources": [{{"table": {}, "on": {}}}])", Strings(view.key),
                     json::Quote(schema_.tables()[view.view_of].name),
                     OnSetting(view.key, view.key));
}

std::string RandomTrees::Way(const std::vector<Edge>& walk) {
  const auto step = [&](const Edge& edge) {
    std::vector<std::string> members = {
        Member("table", json::Quote(schema_.tables()[edge.to].name))};
    if (!edge.only_key || Chance(50))
      members.push_back(Member("on", OnSetting(edge.above, edge.here)));
    return members;
  };
  std::vector<std::string> members = step(walk.back());
  std::vector<std::string> through;
  for (std::size_t i = 0; i + 1 < walk.size(); ++i) through.push_back(Object(step(walk[i])));
  if (!through.empty()) members.push_back(Member("through", "[" + Joined(through) + "]"));
  return Joined(members);
}

std::string RandomTrees::Join(const std::vector<Edge>& walk, const std::string& parent,
                              const std::string& alias, const std::string& rows) const {
  std::string from, above = parent;
  std::string where;
  for (std::size_t i = 0; i < walk.size(); ++i) {
    const bool last = i + 1 == walk.size();
    const std::string here = last ? alias : fmt::format("{}_{}", alias, i);
    std::vector<std::string> on;
    for (std::size_t k = 0; k < walk[i].here.size(); ++k) {
      on.push_back(
          fmt::format("{}.{} = {}.{}", here, Q(walk[i].here[k]), above, Q(walk[i].above[k])));
    }
    const std::string condition = Joined(on, " AND ");
    const std::string table = last ? rows : schema_.tables()[walk[i].to].name;
    if (i == 0) {
      from = fmt::format("{} AS {}", table, here);
      where = condition;
    } else {
      from += fmt::format(" JOIN {} AS {} ON {}", table, here, condition);
    }
    above = here;
  }
  return fmt::format("{} WHERE {}", from, where);
}

std::string RandomTrees::Predicate(const RandomSchema::Column& column, const std::string& name) {
  if (Chance(15)) return fmt::format("{} IS {}NULL", name, Chance(50) ? "NOT " : "");
  const std::string& type = column.type;
  if (type == "bool") return (Chance(50) ? "NOT " : "") + name;
  if (type == "text") {
    return Chance(50) ? name + " <> 'plain'" : fmt::format("length({}) > {}", name, Random(5));
  }
  if (type == "jsonb") return fmt::format("({} ->> 'n')::int > {}", name, Random(5));
  if (type == "date" || type == "timestamptz") {
    return fmt::format("{} > '2024-03-0{}'::{}", name, 1 + Random(5), type);
  }
  return Chance(50) ? fmt::format("{} > {}", name, Random(5))
                    : fmt::format("{} % 3 <> {}", name, Random(3));
}

std::string RandomTrees::Condition(const Table& table, const std::string& own) {
  std::string condition;
  do {
    const auto& column = table.columns[random_() % table.columns.size()];
    const std::string name = (Chance(40) ? own + "." : "") + Q(column.name);
    if (!condition.empty()) condition += Chance(50) ? " AND " : " OR ";
    condition += Predicate(column, name);
  } while (Chance(25));
  return condition;
}

std::string RandomTrees::OrderBy(const Table& table) {
  static const std::vector<std::string> directions = {"", " DESC", " NULLS FIRST",
                                                      " DESC NULLS LAST"};
  std::vector<std::string> order;
  do {
    const auto& column = table.columns[random_() % table.columns.size()];
    std::string name = (Chance(40) ? "child." : "") + Q(column.name);
    if (column.type == "jsonb") name = fmt::format("({} -> 'n')", name);
    if (column.type == "text" && Chance(30)) name = fmt::format("length({})", name);
    order.push_back(name + directions[random_() % directions.size()]);
  } while (Chance(30));
  return Joined(order);
}

std::string RandomTrees::Rows(const Table& table, const std::string& own, const std::string& where,
                              const std::string& order_by,
                              const std::vector<std::string>& computed) const {
  std::vector<std::string> order;
  if (!order_by.empty()) order.push_back(order_by);
  for (const std::string& column : table.key) order.push_back(own + "." + Q(column));
  const std::string rank =
      order.empty() ? "0" : fmt::format("rank() OVER (ORDER BY {})", Joined(order));
  std::vector<std::string> columns = {own + ".*", fmt::format("{} AS {}", rank, kRank)};
  columns.insert(columns.end(), computed.begin(), computed.end());
  return fmt::format("(SELECT {} FROM {} AS {}{})", Joined(columns), table.name, own,
                     where.empty() ? "" : " WHERE " + where);
}

RandomTrees::Level RandomTrees::Columns(const Table& table, const std::string& alias,
                                        const std::string& own) {
  Level level;
  std::vector<std::string> chosen, excluded, renames;
  for (const auto& column : table.columns) chosen.push_back(column.name);
  const int selection = Random(3);
  if (selection < 2) {
    for (const auto& column : table.columns) {
      if (chosen.size() < 2 || !Chance(40)) continue;
      chosen.erase(std::find(chosen.begin(), chosen.end(), column.name));
      excluded.push_back(column.name);
    }
    if (selection == 0) level.settings.push_back(Member("columns", Strings(chosen)));
    if (selection == 1 && !excluded.empty()) {
      level.settings.push_back(Member("exclude", Strings(excluded)));
    }
  }
  for (const std::string& column : chosen) {
    std::string name = column;
    if (Chance(20)) {
      name = "new " + Name();
      renames.push_back(Member(column, json::Quote(name)));
    }
    level.document.push_back(fmt::format("{}, {}.{}", Literal(name), alias, Q(column)));
  }
  if (!renames.empty()) level.settings.push_back(Member("rename", Object(renames)));
  if (Chance(25)) {
    const auto& column = table.columns[random_() % table.columns.size()];
    const std::string sql =
        fmt::format("concat({}{}, '!')", Chance(50) ? own + "." : "", Q(column.name));
    const std::string name = Name();
    level.settings.push_back(fmt::format(R"("fields": {{"{}": {{"sql": {}, "type": "keyword"}}}})",
                                         name, json::Quote(sql)));
    level.computed.push_back(fmt::format("{} AS {}", sql, name));
    level.document.push_back(fmt::format("'{}', {}.{}", name, alias, name));
  }
  return level;
}

void RandomTrees::Embeds(std::size_t table, const std::string& alias, int depth, int steps,
                         Level& level) {
  if (depth >= kDepth) return;
  std::vector<std::string> embeds;
  for (int count = depth == 0 ? 2 + Random(2) : Random(3); count > 0 && left_ > 0; --count) {
    std::string document;
    const std::string name = Name();
    const std::string setting = Embed(table, alias, depth + 1, steps, document);
    if (setting.empty()) continue;
    embeds.push_back(Member(name, setting));
    level.document.push_back(fmt::format("'{}', {}", name, document));
  }
  if (!embeds.empty()) level.settings.push_back(Member("embed", Object(embeds)));
}

std::string RandomTrees::Embed(std::size_t parent, const std::string& parent_alias, int depth,
                               int steps, std::string& oracle) {
  const std::vector<Edge> walk = Walk(parent, steps);
  if (walk.empty()) return {};
  --left_;
  const Table& table = schema_.tables()[walk.back().to];
  std::vector<std::string> settings = {Way(walk)};
  if (table.view_of != RandomSchema::kNone) settings.push_back(Sources(table));
  const std::string alias = "t" + std::to_string(++names_);
  bool many = IsMany(walk);
  std::string where;
  if (Chance(35)) {
    where = Condition(table, "child");
    settings.push_back(Member("where", json::Quote(where)));
  }
  const auto from = [&](const std::string& order_by, const std::vector<std::string>& computed) {
    return Join(walk, parent_alias, alias, Rows(table, "child", where, order_by, computed));
  };
  const auto& column = table.columns[random_() % table.columns.size()];
  const bool number = column.type.rfind("int", 0) == 0 || column.type == "numeric";
  const int kind = Random(10);
  if (kind >= 8) {
    std::string function = "count", argument = "*";
    if (number && Chance(70)) {
      static const std::vector<std::string> functions = {"sum", "min", "max", "avg"};
      function = functions[random_() % functions.size()];
      argument = alias + "." + Q(column.name);
    }
    settings.push_back(Member(
        "aggregate", function == "count" ? json::Quote(function)
                                         : Object({Member(function, json::Quote(column.name))})));
    oracle = fmt::format("(SELECT {}({}) FROM {})", function, argument, from("", {}));
    return Object(settings);
  }
  if (many && walk.size() == 1 && Chance(20)) {
    many = false;
    settings.push_back(Member("many", "false"));
  } else if (!many && Chance(10)) {
    many = true;
    settings.push_back(Member("many", "true"));
  }
  std::string order_by, limit = many ? "" : " LIMIT 1";
  if (Chance(45)) {
    order_by = OrderBy(table);
    settings.push_back(Member("order_by", json::Quote(order_by)));
    if (many && Chance(40)) {
      const std::string most = std::to_string(1 + Random(3));
      settings.push_back(Member("limit", most));
      limit = " LIMIT " + most;
    }
  }
  std::string document;
  std::vector<std::string> computed;
  if (kind >= 6) {
    settings.push_back(Member("value", json::Quote(column.name)));
    document = fmt::format("to_json({}.{})", alias, Q(column.name));
  } else {
    Level level = Columns(table, alias, "child");
    Embeds(walk.back().to, alias, depth, steps - static_cast<int>(walk.size()), level);
    if (many && Chance(25)) level.settings.push_back(Member("nested", "false"));
    settings.insert(settings.end(), level.settings.begin(), level.settings.end());
    document = DocumentSql(level.document);
    computed = level.computed;
  }
  // Rows without a key are ordered by their documents' texts.
  oracle = fmt::format(
      "(SELECT {} FROM (SELECT d FROM (SELECT {} AS d, {}.{} AS n FROM {}) y ORDER BY n, "
      "coalesce(d::text, 'null') COLLATE \"C\"{}) x)",
      many ? "coalesce(json_agg(d), '[]')" : "d", document, alias, kRank, from(order_by, computed),
      limit);
  return "\n  " + Object(settings);
}

std::string RandomTrees::Root(const Table& table, std::string& oracle) {
  const auto number = static_cast<std::size_t>(&table - schema_.tables().data());
  std::vector<std::string> settings = {Member("table", json::Quote(table.name))};
  if (table.view_of != RandomSchema::kNone) settings.push_back(Sources(table));
  std::string where;
  if (Chance(50)) {
    where = Condition(table, "root");
    settings.push_back(Member("where", json::Quote(where)));
  }
  // Random links multiply. A document beyond the engine's limit of 10,000 would correctly be a dead
  // letter.
  std::string index = R"("mapping.nested_objects.limit": 1000000)";
  // The routing of a row that a view no longer contains is not known.
  if (!table.key.empty() && table.view_of == RandomSchema::kNone && Chance(20)) {
    settings.push_back(Member("routing", json::Quote(table.columns.back().name)));
    index += fmt::format(R"(, "number_of_shards": {})", 1 + Random(2));
  }
  settings.push_back("\"settings\": {" + index + "}");
  Level level = Columns(table, "root", "root");
  Embeds(number, "root", 0, kSteps, level);
  settings.insert(settings.end(), level.settings.begin(), level.settings.end());
  oracle = fmt::format("SELECT {}, {} FROM {} AS root", IdSql(table), DocumentSql(level.document),
                       Rows(table, "root", where, "", level.computed));
  return Object(settings);
}

}  // namespace pgsluice::testing
