// Trees of tables, by partitions and by inheritance: each table may have an index, and each may be
// written through.

#include <gmock/gmock.h>
#include <spdlog/fmt/fmt.h>

#include <array>

#include "support/command_fixture.h"

namespace pgsluice {
namespace {

class TreeTest : public testing::CommandTest {
 protected:
  /// Waits until the sync has noticed the present partitions or children of a table.
  void AwaitMembers(const std::string& table) {
    const std::string seen = fmt::format(
        "SELECT regexp_replace(relations, ':-?\\d+', '', 'g') = coalesce((WITH RECURSIVE tree(oid) "
        "AS (SELECT inhrelid FROM "
        "pg_inherits "
        "WHERE inhparent = '{0}'::regclass UNION SELECT inhrelid FROM pg_inherits JOIN tree ON "
        "inhparent = tree.oid) SELECT string_agg(oid::text, ',' ORDER BY oid) FROM tree), '') FROM "
        "pgsluice.index_state WHERE index_name = '{0}'",
        table);
    Await([&] { return db_.Text(seen) == "t"; });
  }
};

/// Seven trees with three levels p > m > l: in tree n, the bits of n decide which tables have an
/// index.
class TableTrees : public TreeTest {
 protected:
  static constexpr int kTrees = 7;
  static constexpr const char* kLevels[] = {"p", "m", "l"};

  /// Creates the trees, with {n} for the number of each, and starts the sync.
  void Make(const std::string& sql) {
    std::string indexes;
    for (int n = 1; n <= kTrees; ++n) {
      Exec(Of(n, sql));
      for (int level = 0; level < 3; ++level) {
        if (((n >> level) & 1) == 0) continue;
        indexes += fmt::format(R"({}"{}{}": {{"table": "{}{}"}})", indexes.empty() ? "" : ", ",
                               kLevels[level], n, kLevels[level], n);
      }
    }
    ConfigureIndexes(R"({"indexes": {)" + indexes + "}}");
    more_config_ = R"(, "indexes": {)" + indexes + "}";
    Start();
    Expect();
  }
  static std::string Of(int n, std::string sql) {
    for (std::size_t at = 0; (at = sql.find('#', at)) != std::string::npos;) {
      sql.replace(at, 1, std::to_string(n));
    }
    return sql;
  }
  void Do(const std::string& sql) {
    SCOPED_TRACE(sql);
    for (int n = 1; n <= kTrees; ++n) Exec(Of(n, sql));
    Expect();
  }
  void Expect() {
    for (int n = 1; n <= kTrees; ++n) {
      for (int level = 0; level < 3; ++level) {
        if (((n >> level) & 1) == 0) continue;
        const std::string table = kLevels[level] + std::to_string(n);
        AwaitMembers(table);
        ExpectIndex(table, fmt::format("SELECT id::text, to_json({0}) FROM {0}", table));
      }
    }
  }
};

TEST_F(TableTrees, OfPartitions) {
  Make(
      "CREATE TABLE p# (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);"
      "CREATE TABLE m# PARTITION OF p# FOR VALUES FROM (0) TO (100) PARTITION BY RANGE (id);"
      "CREATE TABLE l# PARTITION OF m# FOR VALUES FROM (0) TO (50);"
      "CREATE TABLE k# PARTITION OF m# FOR VALUES FROM (50) TO (100);"
      "CREATE TABLE o# PARTITION OF p# FOR VALUES FROM (100) TO (200);"
      "INSERT INTO p# SELECT n, 'first' FROM generate_series(0, 190, 10) n");
  for (const char* table : {"p#", "m#", "l#"}) {
    const auto through = [&](std::string sql) {
      for (std::size_t at = 0; (at = sql.find("$", at)) != std::string::npos;) {
        sql.replace(at, 1, table);
      }
      Do(sql);
    };
    through("INSERT INTO $ VALUES (1, 'new'), (2, 'new')");
    through("UPDATE $ SET v = v || '!'");
    through("UPDATE $ SET id = id + 2 WHERE id = 1");
    through("DELETE FROM $ WHERE id IN (2, 3)");
  }
  Do("UPDATE p# SET id = id + 51 WHERE id = 10");         // from l to k
  Do("UPDATE m# SET id = 11 WHERE id = 61");              // and back
  Do("UPDATE p# SET id = id + 95 WHERE id IN (11, 20)");  // out of m
  Do("UPDATE p# SET id = 12 WHERE id = 106; INSERT INTO p# VALUES (111, 'o')");
  Do("WITH gone AS (DELETE FROM p# WHERE id < 20 RETURNING id, v) INSERT INTO p# SELECT id + 100, "
     "v "
     "FROM gone WHERE id + 100 NOT IN (SELECT id FROM p#)");
  Do("INSERT INTO p# VALUES (30, 'conflict') ON CONFLICT (id) DO UPDATE SET v = excluded.v");
  Do("TRUNCATE l#; INSERT INTO p# VALUES (5, 'after')");
  Do("CREATE TABLE z# (id int PRIMARY KEY, v text); INSERT INTO z# VALUES (300, 'was there'); "
     "ALTER TABLE p# ATTACH PARTITION z# FOR VALUES FROM (300) TO (400)");
  Do("TRUNCATE p#; INSERT INTO p# VALUES (7, 'last'), (77, 'last'), (177, 'last')");
}

TEST_F(TableTrees, ByInheritance) {
  Make(
      "CREATE TABLE p# (id int PRIMARY KEY, v text);"
      "CREATE TABLE m# (extra int, PRIMARY KEY (id)) INHERITS (p#);"
      "CREATE TABLE l# (more text, PRIMARY KEY (id)) INHERITS (m#);"
      "INSERT INTO p# VALUES (1, 'p'), (2, 'p'); INSERT INTO m# VALUES (11, 'm', 1), (12, 'm', 2);"
      "INSERT INTO l# VALUES (21, 'l', 1, 'x'), (22, 'l', 2, 'y')");
  for (const char* table : {"p#", "m#", "l#"}) {
    const auto through = [&](std::string sql) {
      for (std::size_t at = 0; (at = sql.find("$", at)) != std::string::npos;) {
        sql.replace(at, 1, table);
      }
      Do(sql);
    };
    through("INSERT INTO $ (id, v) VALUES (101, 'new'), (102, 'new')");
    through("UPDATE $ SET v = v || '!'");
    through("UPDATE $ SET id = id + 1000 WHERE id IN (101, 21)");
    through("DELETE FROM $ WHERE id IN (102, 1101)");
    through("UPDATE $ SET id = 21 WHERE id = 1021");
  }
  Do("WITH gone AS (DELETE FROM p# WHERE id = 22 RETURNING id, v) INSERT INTO m# SELECT id, v FROM "
     "gone");
  Do("UPDATE ONLY m# SET extra = 7; DELETE FROM ONLY p# WHERE id = 1");
  Do("TRUNCATE l#; INSERT INTO l# VALUES (31, 'l', 3, 'z')");
  Do("TRUNCATE p#; INSERT INTO l# VALUES (41, 'l', 4, 'z'); INSERT INTO p# VALUES (42, 'p')");
  Do("ALTER TABLE l# NO INHERIT m#; UPDATE l# SET v = 'alone'");
}

/// A member leaves its tree and is back before anybody has looked.
class BackAtOnce : public TreeTest {
 protected:
  void Expect() {
    for (const char* table : {"p", "h"}) {
      ExpectIndex(table, fmt::format("SELECT id::text, to_json({0}) FROM {0}", table));
    }
  }
  /// Until what was written is applied, as if the member belonged to no tree.
  void AwaitApplied() {
    Await([&] { return db_.Text("SELECT count(*) FROM pgsluice.outbox") == "0"; });
  }
};

TEST_F(BackAtOnce, AMemberIsReadAgain) {
  Exec(
      "CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);"
      "CREATE TABLE m PARTITION OF p FOR VALUES FROM (0) TO (100) PARTITION BY RANGE (id);"
      "CREATE TABLE l PARTITION OF m FOR VALUES FROM (0) TO (50);"
      "CREATE TABLE h (id int PRIMARY KEY, v text);"
      "CREATE TABLE i (PRIMARY KEY (id)) INHERITS (h);"
      "CREATE TABLE j (PRIMARY KEY (id)) INHERITS (i);"
      "INSERT INTO p SELECT n, 'first' FROM generate_series(0, 40) n;"
      "INSERT INTO j SELECT n, 'first' FROM generate_series(0, 40) n");
  Start();
  Expect();
  const std::string write = "UPDATE {0} SET v = 'alone' WHERE id < 5; DELETE FROM {0} WHERE id = 7";
  for (const auto& [leave, leaf, back] : std::initializer_list<std::array<const char*, 3>>{
           {"ALTER TABLE m DETACH PARTITION l", "l",
            "ALTER TABLE m ATTACH PARTITION l FOR VALUES FROM (0) TO (50)"},
           {"ALTER TABLE p DETACH PARTITION m", "l",
            "ALTER TABLE p ATTACH PARTITION m FOR VALUES FROM (0) TO (100)"},
           {"ALTER TABLE j NO INHERIT i", "j", "ALTER TABLE j INHERIT i"},
           {"ALTER TABLE i NO INHERIT h", "j", "ALTER TABLE i INHERIT h"}}) {
    SCOPED_TRACE(leave);
    Exec(leave);
    Exec(fmt::format(fmt::runtime(write), leaf));
    AwaitApplied();
    Exec(back);
    Expect();
    Exec(fmt::format("UPDATE {} SET v = 'and then'", leaf));
    Expect();
  }
}

/// Tables that inherit have keys of their own, which may be equal.
class EqualKeys : public TreeTest {
 protected:
  /// Returns all rows of p; `child_id` is the id of a row that is not the first with its key.
  void Expect(const std::string& child_id = "id || '|public.' || t") {
    ExpectIndex("p", "SELECT CASE WHEN r = 1 THEN id::text ELSE " + child_id +
                         " END, doc FROM (SELECT id, tableoid::regclass::text AS t, to_json(p) AS "
                         "doc, row_number() OVER (PARTITION BY id ORDER BY tableoid <> "
                         "'p'::regclass, tableoid, ctid) AS r FROM p) AS x");
  }
};

TEST_F(EqualKeys, AreDocumentsOfTheirOwn) {
  Exec(
      "CREATE TABLE p (id int PRIMARY KEY, v text);"
      "CREATE TABLE a (extra int, PRIMARY KEY (id)) INHERITS (p);"
      "CREATE TABLE b (PRIMARY KEY (id)) INHERITS (p);"
      "INSERT INTO p SELECT n, 'p' FROM generate_series(1, 10) n;"
      "INSERT INTO a SELECT n, 'a', n FROM generate_series(5, 15) n;"
      "INSERT INTO b SELECT n, 'b' FROM generate_series(8, 20) n");
  Start();
  Expect();
  EXPECT_EQ(Run({"verify"}).code, 0);
  for (const char* sql :
       {"UPDATE p SET v = v || '!'", "UPDATE ONLY p SET v = 'own' WHERE id > 6",
        "UPDATE a SET v = 'of a'", "DELETE FROM ONLY p WHERE id = 9", "DELETE FROM a WHERE id = 10",
        "INSERT INTO p VALUES (12, 'now the first')", "UPDATE b SET id = id + 100 WHERE id < 10",
        "DELETE FROM p WHERE id = 11", "TRUNCATE ONLY p", "INSERT INTO p VALUES (5, 'back')",
        "CREATE TABLE c (PRIMARY KEY (id)) INHERITS (p); INSERT INTO c VALUES (5, 'c'), (13, 'c')",
        "UPDATE c SET v = 'c again'", "ALTER TABLE a NO INHERIT p",
        "TRUNCATE b; INSERT INTO b VALUES (13, 'b')"}) {
    SCOPED_TRACE(sql);
    Exec(sql);
    AwaitMembers("p");
    Expect();
  }
  const testing::Outcome verified = Run({"verify"});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  engine_->Send({.method = "DELETE", .path = "/" + Alias("p") + "/_doc/5", .body = {}});
  engine_->Send({.method = "PUT", .path = "/" + Alias("p") + "/_doc/13%7Cpublic.a", .body = "{}"});
  engine_->Send({.method = "PUT", .path = "/" + Alias("p") + "/_doc/13%7Cpublic.x", .body = "{}"});
  engine_->Refresh(Alias("p"));
  EXPECT_EQ(Run({"verify", "--repair"}).code, 0);
  Expect();
}

TEST_F(EqualKeys, OfTextsWithEmbeds) {
  Exec(
      "CREATE TABLE p (id text PRIMARY KEY, v text);"
      "CREATE TABLE a (PRIMARY KEY (id)) INHERITS (p);"
      "CREATE TABLE tag (id int PRIMARY KEY, p_id text, name text); CREATE INDEX ON tag (p_id);"
      "INSERT INTO p VALUES ('x', 'p'), ('x|public.a', 'p'), ('', 'p'), (repeat('l', 600), 'p');"
      "INSERT INTO a VALUES ('x', 'a'), ('y', 'a'), ('', 'a'), (repeat('l', 600), 'a');"
      "INSERT INTO tag VALUES (1, 'x', 'one'), (2, 'x', 'two'), (3, 'y', 'three')");
  ConfigureIndexes(R"({"indexes": {"p": {"table": "p", "embed": {
      "tags": {"table": "tag", "on": {"id": "p_id"}, "value": "name", "order_by": "id"}}}}})");
  Start();
  const std::string hash = "'sha256:' || encode(sha256(convert_to({}, 'UTF8')), 'hex')";
  const std::string oracle = fmt::format(
      "SELECT CASE WHEN r > 1 THEN {} WHEN octet_length(id) BETWEEN 1 AND 512 THEN id ELSE {} END, "
      "json_build_object('id', id, 'v', v, 'tags', (SELECT coalesce(json_agg(name ORDER BY "
      "tag.id), "
      "'[]') FROM tag WHERE p_id = x.id)) FROM (SELECT *, row_number() OVER (PARTITION BY id ORDER "
      "BY "
      "tableoid <> 'p'::regclass, tableoid) AS r FROM p) AS x",
      fmt::format(fmt::runtime(hash), "id || '|public.a'"), fmt::format(fmt::runtime(hash), "id"));
  ExpectIndex("p", oracle);
  for (const char* sql : {"UPDATE tag SET name = name || '!'", "DELETE FROM ONLY p WHERE id = 'x'",
                          "UPDATE a SET v = 'changed'", "INSERT INTO p VALUES ('y', 'first')",
                          "DELETE FROM a WHERE id = ''", "TRUNCATE a"}) {
    SCOPED_TRACE(sql);
    Exec(sql);
    ExpectIndex("p", oracle);
  }
}

}  // namespace
}  // namespace pgsluice
