// Random requests, answered by the API from the engine and by SQL from the tables, must agree.
// PGSLUICE_TEST_SEED repeats a run, PGSLUICE_TEST_REQUESTS makes it longer.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <random>

#include "pgsluice/api/server.h"
#include "pgsluice/base/digest.h"
#include "pgsluice/config/loader.h"
#include "pgsluice/json/writer.h"
#include "support/random_filter.h"
#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

using testing::OracleFilter;
using testing::OraclePath;
using testing::RandomFilter;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

constexpr const char* kTables = R"sql(
  CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
  CREATE TABLE owner (id int PRIMARY KEY, name text, rank int);
  CREATE TABLE label (id int PRIMARY KEY, name text NOT NULL);
  CREATE TABLE item (id bigint PRIMARY KEY, name text, level int, price numeric(10,2), mood mood,
                     live boolean, created_at timestamptz, tags text[],
                     owner_id int REFERENCES owner, at point);
  CREATE TABLE orders (id int PRIMARY KEY, item_id bigint REFERENCES item, state text, total int);
  CREATE TABLE item_label (item_id bigint REFERENCES item, label_id int REFERENCES label,
                           PRIMARY KEY (item_id, label_id));
  CREATE INDEX ON item (owner_id); CREATE INDEX ON orders (item_id);
  CREATE INDEX ON item_label (label_id);
  CREATE FUNCTION pick(list text[]) RETURNS text LANGUAGE sql VOLATILE AS
    $$ SELECT list[1 + floor(random() * array_length(list, 1))::int] $$;)sql";

constexpr const char* kRows = R"sql(
  INSERT INTO owner SELECT n, pick('{a,A,ab,Ähre,zz,NULL}'), nullif(n % 5, 4)
    FROM generate_series(1, 8) n;
  INSERT INTO label SELECT n, (ARRAY['a','b c','Z','10','it''s'])[n] FROM generate_series(1, 5) n;
  INSERT INTO item SELECT
      CASE WHEN n % 2 = 0 THEN n ELSE 9007199254740992 + n END,
      pick(ARRAY['', 'a', 'A', 'ab', 'b c', 'Ähre', 'quo"t', 'b\s', 'it''s', 'zz', 'null', NULL]),
      nullif(floor(random() * 7)::int, 6), nullif(floor(random() * 12) / 2, 5.5),
      pick('{sad,ok,happy,NULL}')::mood, pick('{true,false,NULL}')::boolean,
      timestamptz '2024-01-01 00:00Z' + floor(random() * 18) * interval '12 hours',
      CASE WHEN random() < 0.2 THEN NULL WHEN random() < 0.2 THEN '{}'
           ELSE ARRAY[pick('{a,ab,zz,10}'), pick('{9,Z,AND}')] END,
      nullif(floor(random() * 9)::int, 0)
    FROM generate_series(1, 150) n;
  UPDATE item SET created_at = NULL WHERE random() < 0.1;
  UPDATE item SET at = pick(ARRAY['(11.575,48.137)', '(10.898,48.371)', '(-73.98,40.75)',
      '(151.21,-33.87)', '(139.69,35.69)', '(178.5,-17.8)', '(-171.8,-13.8)', '(0.13,89.2)',
      '(18.42,-33.92)', '(-43.2,-22.9)', '(37.62,55.75)', NULL])::point;
  INSERT INTO orders SELECT row_number() OVER (), id, pick('{a,ab,Z,NULL}'),
      nullif(floor(random() * 6)::int, 5)
    FROM item, generate_series(1, 4) WHERE random() < 0.4;
  INSERT INTO item_label SELECT item.id, label.id FROM item, label WHERE random() < 0.25;)sql";

constexpr const char* kConfig = R"json({"indexes": {"item": {
  "table": "item", "exclude": ["owner_id"],
  "embed": {
    "owner": {"table": "owner", "on": {"owner_id": "id"}, "columns": ["id", "name", "rank"]},
    "orders": {"table": "orders", "on": {"id": "item_id"}},
    "labels": {"table": "label", "through": [{"table": "item_label"}], "value": "name"}},
  "mapping": {"at": {"type": "geo_point"}},
  "search": {"rules": [{"q": "zqxpins", "match": "contains", "hide": ["8"],
                        "pin": ["20", "2", "9007199254740995", "4", "16", "none", "6", "12"],
                        "filter": "level >= 1 OR price IS NULL"}]}}}})json";

class ApiOracle : public testing::SyncTest {
 protected:
  void SetUp() override {
    seed_ = FromEnvironment("PGSLUICE_TEST_SEED", std::random_device{}());
    std::cout << "PGSLUICE_TEST_SEED=" << seed_ << std::endl;
    random_.seed(seed_);
    Exec(kTables);
    Exec("SELECT setseed(" + std::to_string(static_cast<double>(seed_ % 1000) / 1000) + ")");
    Exec(kRows);
    config::Findings findings;
    config_.indexes = config::LoadText(
                          "test", kConfig, {},
                          [](const std::string&) { return std::optional<std::string>(); }, findings)
                          .indexes;
    ASSERT_TRUE(findings.empty());
    config_.all_tables = false;
    config_.auth.anonymous = "all";
    config_.auth.policies["all"].indexes["*"];
    config_.auth.policies["narrow"].indexes["item"].filter = "live = true OR mood != sad";
    config_.auth.keys = {{"narrow", base::Sha256("oracle"), "narrow", ""}};
    Start();
    Settle();
    auto set = std::make_shared<api::IndexSet>();
    const auto live = process_->service().registry().Current();
    for (const auto& [name, index] : live->indexes) (*set)[name] = {index->plan, index->alias};
    server_ = std::make_unique<api::Server>(
        api::Backend{std::make_shared<engine::Engine>(engine::MakeTransport(config_.elasticsearch)),
                     [set] { return set; }, nullptr, config_, registry_},
        config::Address{"127.0.0.1", 0}, std::nullopt);
    server_->Start();
    http::ClientOptions options;
    options.urls = {"http://127.0.0.1:" + std::to_string(server_->port())};
    client_ = http::MakeClient(options);
  }

  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  const OraclePath& AnyPath() {
    const auto& paths = RandomFilter::Paths();
    return paths[static_cast<std::size_t>(Below(static_cast<int>(paths.size())))];
  }

  json::Value Post(const std::string& path, const std::string& body, bool narrow = false) {
    http::Request request{.method = "POST", .path = path, .body = body};
    if (narrow) request.headers = {{"X-Api-Key", "oracle"}};
    const http::Response answer = client_->Send(request);
    EXPECT_EQ(answer.status, 200) << body << "\n" << answer.body;
    return json::Parse(answer.body);
  }

  std::vector<std::string> Column(const std::string& sql) {
    const pg::Result rows = Exec(sql);
    std::vector<std::string> values;
    for (std::size_t row = 0; row < rows.rows(); ++row) values.emplace_back(rows.Text(row, 0));
    return values;
  }

  /// Sorts by the distance from a point, in both languages. SQL compares haversines.
  void AddDistance(std::string& text, std::string& sql, bool down, bool first) {
    const std::string lat = std::to_string(Below(1700) / 10.0 - 85);
    const std::string lon = std::to_string(Below(3590) / 10.0 - 179.5);
    text += (text.empty() ? "" : ",") +
            json::Quote("distance(at, " + lat + ", " + lon + ")" + (down ? ":desc" : ":asc") +
                        (first ? ":nulls_first" : ""));
    sql += "power(sin(radians(r.at[1] - " + lat + ") / 2), 2) + cos(radians(" + lat +
           ")) * cos(radians(r.at[1])) * power(sin(radians(r.at[0] - " + lon + ") / 2), 2)" +
           (down ? " DESC" : " ASC") + (first ? " NULLS FIRST, " : " NULLS LAST, ");
  }

  /// One order in both languages.
  void AddSort(std::string& text, std::string& sql) {
    if (Below(6) == 0) return AddDistance(text, sql, Below(2) == 0, Below(3) == 0);
    const OraclePath& path = AnyPath();
    if (text.find(path.path) != std::string::npos) return;
    const bool down = Below(2) == 0;
    const bool first = Below(3) == 0;
    text += (text.empty() ? "" : ",") +
            json::Quote(path.path + (down ? ":desc" : ":asc") + (first ? ":nulls_first" : ""));
    const std::string value = path.many ? "m.v" : path.sql;
    std::string key = RandomFilter::Comparable(path.type, value);
    if (path.many) {
      key = "(SELECT " + std::string(down ? "max" : "min") + "(" + key + ") FROM (" + path.sql +
            ") m(v))";
    }
    sql += key + (down ? " DESC" : " ASC") + (first ? " NULLS FIRST, " : " NULLS LAST, ");
  }

  static std::vector<std::string> Ids(const json::Value& answer) {
    std::vector<std::string> ids;
    for (const json::Value& hit : answer.Find("hits")->items) ids.push_back(hit.Find("id")->text);
    return ids;
  }

  static std::map<std::string, std::string> Counts(const json::Value& facet) {
    std::map<std::string, std::string> counts;
    for (const json::Value& value : facet.Find("values")->items) {
      const json::Value* key = value.Find("value");
      counts[key->IsString() ? key->text : json::ToText(*key)] = value.Find("count")->text;
    }
    return counts;
  }

  static std::map<std::string, std::string> ToMap(const pg::Result& rows) {
    std::map<std::string, std::string> counts;
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      counts[std::string(rows.Text(row, 0))] = rows.Text(row, 1);
    }
    return counts;
  }

  std::map<std::string, std::string> CountsBySql(const OraclePath& path, const std::string& where) {
    const bool text = path.type == OraclePath::Type::kBool;
    const pg::Result rows = Exec("SELECT m.v" + std::string(text ? "::text" : "") +
                                 ", count(DISTINCT r.id) FROM item r, " + "LATERAL (" +
                                 (path.many ? path.sql : "SELECT " + path.sql) + ") m(v) WHERE (" +
                                 where + ") AND m.v IS NOT NULL GROUP BY 1");
    return ToMap(rows);
  }

  void CheckPage(const OracleFilter& filter);
  void CheckWalk(const OracleFilter& filter);
  void CheckCount(const OracleFilter& filter);
  void CheckFacets(const OracleFilter& filter);
  void CheckPins(const OracleFilter& filter);
  void CheckDistinct(const OracleFilter& filter);
  void CheckBuckets(const OracleFilter& filter);
  void CheckIntervals(const OracleFilter& filter);
  void CheckStats(const json::Value& stats, const OraclePath& path, const std::string& where);
  void CheckMerged(const OracleFilter& filter, const OracleFilter& other);
  /// Joins a query of values, as alias m(v).
  static std::string Values(const OraclePath& path) {
    return "LATERAL (" + (path.many ? path.sql : "SELECT " + path.sql) + ") m(v)";
  }
  const OraclePath& OneOf(std::initializer_list<std::size_t> places) {
    return RandomFilter::Paths()[*(places.begin() + Below(static_cast<int>(places.size())))];
  }

  std::uint64_t seed_ = 0;
  std::mt19937_64 random_;
  observe::Registry registry_;
  std::unique_ptr<api::Server> server_;
  std::unique_ptr<http::Transport> client_;
};

void ApiOracle::CheckPage(const OracleFilter& filter) {
  std::string sort, order;
  for (int i = Below(4); i > 0; --i) AddSort(sort, order);
  const int size = 1 + Below(40);
  const int page = 1 + Below(4);
  const std::string body = R"({"filter":)" + json::Quote(filter.text) + R"(,"sort":[)" + sort +
                           R"(],"count":"exact","page":)" + std::to_string(page) +
                           R"(,"per_page":)" + std::to_string(size) + "}";
  const json::Value answer = Post("/v1/item/search", body);
  EXPECT_EQ(Ids(answer), Column("SELECT r.id FROM item r WHERE " + filter.sql + " ORDER BY " +
                                order + "r.id::text COLLATE \"C\" LIMIT " + std::to_string(size) +
                                " OFFSET " + std::to_string((page - 1) * size)))
      << body << "\n"
      << filter.sql;
  EXPECT_EQ(answer.Find({"total", "value"})->text,
            Column("SELECT count(*) FROM item r WHERE " + filter.sql)[0])
      << body;
}

void ApiOracle::CheckWalk(const OracleFilter& filter) {
  std::string sort, order;
  for (int i = 1 + Below(2); i > 0; --i) AddSort(sort, order);
  const std::string body = R"({"filter":)" + json::Quote(filter.text) + R"(,"sort":[)" + sort +
                           R"(],"per_page":)" + std::to_string(5 + Below(60));
  std::vector<std::string> ids;
  std::string cursor;
  do {
    const json::Value answer =
        Post("/v1/item/search",
             body + (cursor.empty() ? "" : R"(,"cursor":)" + json::Quote(cursor)) + "}");
    const std::vector<std::string> page = Ids(answer);
    ids.insert(ids.end(), page.begin(), page.end());
    cursor = answer.Find({"page", "next_cursor"})->text;
  } while (!cursor.empty() && ids.size() <= 150);
  EXPECT_EQ(ids, Column("SELECT r.id FROM item r WHERE " + filter.sql + " ORDER BY " + order +
                        "r.id::text COLLATE \"C\""))
      << body;
}

void ApiOracle::CheckCount(const OracleFilter& filter) {
  const json::Value answer =
      Post("/v1/item/count", R"({"filter":)" + json::Quote(filter.text) + "}");
  EXPECT_EQ(answer.Find("count")->text,
            Column("SELECT count(*) FROM item r WHERE " + filter.sql)[0])
      << filter.text;
}

void ApiOracle::CheckFacets(const OracleFilter& filter) {
  std::vector<OraclePath> facets;
  for (const OraclePath& path : RandomFilter::Paths()) {
    const bool exact = path.path != "id" && path.type != OraclePath::Type::kDecimal &&
                       path.type != OraclePath::Type::kTime;
    if (exact && Below(3) == 0) facets.push_back(path);
  }
  const OraclePath& selected = RandomFilter::Paths()[9];  // tags
  const bool selects = Below(2) == 0;
  const std::string narrowed =
      selects ? "(" + filter.sql + ") AND r.tags && '{a,zz}'::text[]" : filter.sql;
  std::string list;
  for (const OraclePath& path : facets) {
    list += (list.empty() ? "" : ",") + json::Quote(path.path) + R"(:{"size":100})";
  }
  const std::string body = R"({"filter":)" + json::Quote(filter.text) +
                           R"(,"per_page":0,"facets":{)" + list + "}" +
                           (selects ? R"(,"facet_filters":{"tags":["a","zz"]})" : "") + "}";
  const json::Value answer = Post("/v1/item/search", body);
  EXPECT_EQ(answer.Find({"total", "value"})->text,
            Column("SELECT count(*) FROM item r WHERE " + narrowed)[0])
      << body;
  for (const OraclePath& path : facets) {
    const json::Value* facet = answer.Find("facets")->Find(path.path);
    ASSERT_NE(facet, nullptr) << body;
    EXPECT_EQ(Counts(*facet), CountsBySql(path, path.path == selected.path ? filter.sql : narrowed))
        << path.path << " " << body;
  }
}

/// Only the rule finds anything: under the filters of caller, rule and policy.
void ApiOracle::CheckPins(const OracleFilter& filter) {
  std::string sort, order;
  if (Below(2) == 0) AddSort(sort, order);
  const bool narrow = Below(2) == 0;
  const std::string where = "(" + filter.sql + ") AND (r.level >= 1 OR r.price IS NULL)" +
                            (narrow ? " AND (r.live OR r.mood != 'sad')" : "");
  const std::string body = R"({"q":"zqxpins zqxnothing","count":"exact","filter":)" +
                           json::Quote(filter.text) + R"(,"sort":[)" + sort + R"(],"per_page":)" +
                           std::to_string(1 + Below(4));
  const std::vector<std::string> expected = Column(
      "SELECT r.id FROM unnest('{20,2,9007199254740995,4,16,6,12}'::bigint[]) WITH "
      "ORDINALITY p(id, place) JOIN item r USING (id) WHERE " +
      where + " ORDER BY place");
  std::vector<std::string> ids;
  std::string cursor;
  do {
    const json::Value answer =
        Post("/v1/item/search",
             body + (cursor.empty() ? "" : R"(,"cursor":)" + json::Quote(cursor)) + "}", narrow);
    EXPECT_EQ(answer.Find({"total", "value"})->text, std::to_string(expected.size())) << body;
    for (const std::string& id : Ids(answer)) ids.push_back(id);
    cursor = answer.Find({"page", "next_cursor"})->text;
  } while (!cursor.empty() && ids.size() <= 20);
  EXPECT_EQ(ids, expected) << body;
}

/// One hit per value, and how many documents have it; nulls count as one value.
void ApiOracle::CheckDistinct(const OracleFilter& filter) {
  // Fields with one value: no lists, booleans, times.
  const OraclePath& distinct = OneOf({1, 2, 3, 4, 7, 8});
  const std::string value = RandomFilter::Comparable(distinct.type, distinct.sql);
  std::string sort, order;
  for (int i = Below(3); i > 0; --i) AddSort(sort, order);
  order += "r.id::text COLLATE \"C\"";
  const int size = 1 + Below(5), page = 1 + Below(3);
  const OraclePath& facet = OneOf({2, 4, 9, 11});
  const std::string body = R"({"filter":)" + json::Quote(filter.text) + R"(,"sort":[)" + sort +
                           R"(],"distinct":)" + json::Quote(distinct.path) + R"(,"page":)" +
                           std::to_string(page) + R"(,"per_page":)" + std::to_string(size) +
                           R"(,"facets":{)" + json::Quote(facet.path) + R"(:{"size":100}}})";
  const json::Value answer = Post("/v1/item/search", body);
  EXPECT_EQ(Ids(answer),
            Column("SELECT r.id FROM (SELECT r.*, row_number() OVER (PARTITION BY " + value +
                   " ORDER BY " + order + ") AS place FROM item r WHERE " + filter.sql +
                   ") r WHERE place = 1 ORDER BY " + order + " LIMIT " + std::to_string(size) +
                   " OFFSET " + std::to_string((page - 1) * size)))
      << body << "\n"
      << filter.sql;
  const std::string groups = "count(DISTINCT " + value + ") + (count(*) FILTER (WHERE " +
                             distinct.sql + " IS NULL) > 0)::int";
  EXPECT_EQ(answer.Find({"total", "value"})->text,
            Column("SELECT " + groups + " FROM item r WHERE " + filter.sql)[0])
      << body;
  for (const json::Value& hit : answer.Find("hits")->items) {
    const std::string id = hit.Find("id")->text;
    EXPECT_EQ(hit.Find({"group", "count"})->text,
              Column("SELECT count(*) FROM item r WHERE (" + filter.sql + ") AND " + value +
                     " IS NOT DISTINCT FROM (SELECT " + value + " FROM item r WHERE r.id = " + id +
                     ")")[0])
        << id << " " << body;
  }
  const pg::Result rows = Exec("SELECT m.v, " + groups + " FROM item r, " + Values(facet) +
                               " WHERE (" + filter.sql + ") AND m.v IS NOT NULL GROUP BY 1");
  EXPECT_EQ(Counts(*answer.Find("facets")->Find(facet.path)), ToMap(rows)) << body;
}

void ApiOracle::CheckStats(const json::Value& stats, const OraclePath& path,
                           const std::string& where) {
  const pg::Result row = Exec(
      "SELECT min(m.v), max(m.v), avg(m.v)::float8, coalesce(sum(m.v), 0), "
      "count(m.v) FROM item r, " +
      Values(path) + " WHERE " + where);
  const char* const names[] = {"min", "max", "avg", "sum", "count"};
  for (std::size_t i = 0; i < 5; ++i) {
    const double wanted = row.IsNull(0, i) ? -1 : std::stod(std::string(row.Text(0, i)));
    EXPECT_NEAR(stats.Find(names[i])->AsDouble().value_or(-1), wanted, 1e-6) << names[i];
  }
}

/// Ranges of numbers: documents with a value from (included) to (excluded).
void ApiOracle::CheckBuckets(const OracleFilter& filter) {
  const OraclePath& path = OneOf({2, 3, 8, 12});
  std::string ranges, wanted;
  for (int i = 1 + Below(3); i > 0; --i) {
    const int from = Below(6), to = from + Below(4);
    const int open = Below(4);  // 0: no beginning, 1: no end.
    const std::string low = open == 0 ? "" : std::to_string(from);
    const std::string high = open == 1 ? "" : std::to_string(to) + ".5";
    ranges += (ranges.empty() ? "" : ",") + json::Quote(low + ".." + high);
    wanted += Column("SELECT count(DISTINCT r.id) FROM item r, " + Values(path) + " WHERE (" +
                     filter.sql + ") AND m.v >= " + (low.empty() ? "-1e9" : low) + " AND m.v < " +
                     (high.empty() ? "1e9" : high))[0] +
              " ";
  }
  const std::string body = R"({"per_page":0,"filter":)" + json::Quote(filter.text) +
                           R"(,"facets":[{"field":)" + json::Quote(path.path) +
                           R"(,"missing":true,"ranges":[)" + ranges + "]}]}";
  const json::Value answer = Post("/v1/item/search", body);
  const json::Value& facet = *answer.Find("facets")->Find(path.path);
  std::string found;
  for (const json::Value& bucket : facet.Find("values")->items) {
    found += bucket.Find("count")->text + " ";
  }
  EXPECT_EQ(found, wanted) << body;
  EXPECT_EQ(facet.Find("missing")->text,
            Column("SELECT count(*) FROM item r WHERE (" + filter.sql +
                   ") AND NOT EXISTS (SELECT FROM " + Values(path) + " WHERE m.v IS NOT NULL)")[0])
      << body;
  CheckStats(*facet.Find("stats"), path, filter.sql);
}

/// Intervals of numbers, and of the calendar in a time zone.
void ApiOracle::CheckIntervals(const OracleFilter& filter) {
  const bool dates = Below(2) == 0;
  const OraclePath& path = dates ? RandomFilter::Paths()[6] : OneOf({2, 3, 8, 12});
  static const char* const zones[] = {"Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"};
  static const char* const units[] = {"day", "week", "month", "hour"};
  const std::string zone = zones[Below(4)], unit = units[Below(4)];
  const std::string step = std::to_string(1 + Below(3));
  const std::string start = dates ? "to_char(date_trunc('" + unit + "', m.v, '" + zone +
                                        "') AT TIME ZONE '" + zone + "', 'YYYY-MM-DD\"T\"HH24:MI')"
                                  : "(floor(m.v / " + step + ".0) * " + step + ")::int";
  const std::string body =
      R"({"per_page":0,"filter":)" + json::Quote(filter.text) + R"(,"facets":[{"field":)" +
      json::Quote(path.path) +
      (dates ? R"(,"interval":)" + json::Quote(unit) + R"(,"timezone":)" + json::Quote(zone)
             : R"(,"interval":)" + step) +
      "}]}";
  const json::Value answer = Post("/v1/item/search", body);
  std::vector<std::string> found;
  for (const json::Value& bucket : answer.Find("facets")->Find(path.path)->Find("values")->items) {
    found.push_back(bucket.Find("value")->text.substr(0, 16) + " " + bucket.Find("count")->text);
  }
  EXPECT_EQ(found,
            Column("SELECT v || ' ' || n FROM (SELECT " + start +
                   " AS v, count(DISTINCT r.id) AS n FROM item r, " + Values(path) + " WHERE (" +
                   filter.sql + ") AND m.v IS NOT NULL GROUP BY 1) s ORDER BY s.v"))
      << body;
}

/// Two searches as one list, in the order of their common sort.
void ApiOracle::CheckMerged(const OracleFilter& filter, const OracleFilter& other) {
  std::string sort, order;
  for (int i = 1 + Below(2); i > 0; --i) AddSort(sort, order);
  const int size = 1 + Below(30), page = 1 + Below(3);
  const auto search = [&](const OracleFilter& one) {
    return R"({"index":"item","fields":["id"],"filter":)" + json::Quote(one.text) + R"(,"sort":[)" +
           sort + "]}";
  };
  const std::string body = R"({"merge":true,"page":)" + std::to_string(page) + R"(,"per_page":)" +
                           std::to_string(size) + R"(,"searches":[)" + search(filter) + "," +
                           search(other) + "]}";
  const json::Value answer = Post("/v1/multi-search", body);
  const std::string all = "(SELECT r.*, 0 AS list FROM item r WHERE " + filter.sql +
                          " UNION ALL SELECT r.*, 1 FROM item r WHERE " + other.sql + ") r";
  EXPECT_EQ(Ids(answer), Column("SELECT r.id FROM " + all + " ORDER BY " + order +
                                "r.id::text COLLATE \"C\", list LIMIT " + std::to_string(size) +
                                " OFFSET " + std::to_string((page - 1) * size)))
      << body;
  EXPECT_EQ(answer.Find({"total", "value"})->text, Column("SELECT count(*) FROM " + all)[0])
      << body;
}

TEST_F(ApiOracle, AnswersAsSqlDoes) {
  RandomFilter filters(random_);
  const std::uint64_t requests = FromEnvironment("PGSLUICE_TEST_REQUESTS", 1000);
  for (std::uint64_t i = 0; i < requests && !HasFailure(); ++i) {
    const OracleFilter filter = filters.Make();
    switch (i % 11) {
      case 3:
        CheckCount(filter);
        break;
      case 4:
        CheckFacets(filter);
        break;
      case 5:
        CheckWalk(filter);
        break;
      case 6:
        CheckPins(filter);
        break;
      case 7:
        CheckDistinct(filter);
        break;
      case 8:
        CheckBuckets(filter);
        break;
      case 9:
        CheckIntervals(filter);
        break;
      case 10:
        CheckMerged(filter, filters.Make());
        break;
      default:
        CheckPage(filter);
    }
  }
}

}  // namespace
}  // namespace pgsluice
