// Joined documents equal handwritten SQL after every kind of change to any table of the tree.

#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include <random>
#include <vector>

#include "support/joined_fixture.h"

namespace pgsluice {
namespace {

using testing::JoinedTest;

class JoinedSync : public testing::JoinedTest {
 protected:
  void SetUp() override { StartAll(); }
  void Each(const std::vector<std::string>& changes) {
    for (const std::string& change : changes) {
      Exec(change);
      ExpectAll(change);
      if (HasFailure()) return;
    }
  }
};

TEST_F(JoinedSync, RowsOfTheRoot) {
  Each({"INSERT INTO project VALUES (1, 100, 'new', 2, 3, false, '{}', 's')",
        "INSERT INTO project_tag VALUES (1, 100, 2); INSERT INTO comment VALUES "
        "(500, 0, 1, 100, 3, 'first', 4, false)",
        "UPDATE project SET name = 'renamed', profile = NULL WHERE id < 4",
        "UPDATE project SET owner_id = 9, reviewer_id = NULL WHERE id BETWEEN 4 AND 6",
        "UPDATE project SET id = id + 1000 WHERE id = 8",
        "UPDATE project SET tenant = 3 - tenant WHERE id IN (9, 10)",
        "UPDATE project SET archived = NOT archived WHERE id IN (7, 11)",
        "DELETE FROM project WHERE id IN (12, 13)"});
}

TEST_F(JoinedSync, RowsAboveAndTheSameTableTwice) {
  Each({"UPDATE crm.person SET name = 'renamed' WHERE id = 2",
        "UPDATE crm.person SET boss_id = 5 WHERE id IN (2, 3)",
        "UPDATE crm.person SET country_id = 1 WHERE id = 5",
        "UPDATE country SET name = 'renamed' WHERE id = 1",
        "BEGIN; SET CONSTRAINTS ALL DEFERRED; UPDATE crm.person SET id = 50 WHERE id = 5; UPDATE "
        "crm.person SET boss_id = 50 WHERE boss_id = 5; COMMIT",
        "INSERT INTO crm.person VALUES (60, 'new', 50, NULL, NULL)",
        "UPDATE project SET owner_id = 60 WHERE id = 3", "DELETE FROM country WHERE id = 2",
        "BEGIN; SET CONSTRAINTS ALL DEFERRED; DELETE FROM crm.person WHERE id = 4; UPDATE "
        "crm.person SET boss_id = NULL WHERE boss_id = 4; COMMIT"});
}

TEST_F(JoinedSync, LinkTables) {
  Each({"INSERT INTO project_tag VALUES (2, 1, 5), (2, 1, 5), (1, 2, NULL), (NULL, NULL, 3)",
        "UPDATE project_tag SET tag_id = 8 WHERE tag_id = 3",
        "UPDATE project_tag SET project_id = 4, tenant = 1 WHERE project_id = 3",
        "DELETE FROM project_tag WHERE tag_id = 8", "UPDATE tag SET name = 'zzz' WHERE id = 1",
        "UPDATE tag SET id = 100 WHERE id = 2", "DELETE FROM tag WHERE id = 4",
        "INSERT INTO tag VALUES (2, 'back')",
        "UPDATE team_skill SET skill_id = 1 + skill_id % 5 WHERE team = 2",
        "UPDATE team_skill SET team = 4 WHERE team = 3",
        "UPDATE project_team SET team = 3 WHERE team = 1", "DELETE FROM team_skill WHERE team = 2",
        "UPDATE skill SET name = 'renamed' WHERE id = 1", "DELETE FROM skill WHERE id = 3",
        "BEGIN; DELETE FROM project_tag WHERE tag_id = 7; DELETE FROM tag WHERE id = 7; COMMIT"});
}

TEST_F(JoinedSync, ChildrenOfAPartitionedTable) {
  Each({"UPDATE comment SET body = 'edited', stars = NULL WHERE id < 5",
        "UPDATE comment SET deleted = NOT deleted WHERE id BETWEEN 5 AND 20",
        "UPDATE comment SET tenant = 1, project_id = 2 WHERE id IN (21, 22, 23)",
        "UPDATE comment SET bucket = 1 - bucket WHERE id IN (24, 25)",
        "UPDATE comment SET id = id + 1000 WHERE id IN (26, 27)",
        "UPDATE comment SET author_id = 1 + id % 3", "DELETE FROM comment WHERE id IN (30, 31, 32)",
        "INSERT INTO comment_1 VALUES (700, 1, 2, 1, 1, 'into the leaf', 1, false)",
        "UPDATE reply SET comment_id = 700 WHERE id < 6",
        "UPDATE reply SET body = 'x' WHERE id = 7",
        "DELETE FROM reply WHERE id = 8; INSERT INTO reply VALUES (900, 700, 'new')",
        "DELETE FROM comment WHERE tenant = 1 AND project_id = 2"});
}

TEST_F(JoinedSync, SeveralLevelsInOneTransaction) {
  Each(
      {"BEGIN; UPDATE reply SET comment_id = 41 WHERE id = 40; UPDATE comment SET tenant = 2, "
       "project_id = 5 WHERE id = 41; UPDATE project SET id = 500 WHERE id = 5; COMMIT",
       "BEGIN; UPDATE comment SET id = 4100 WHERE id = 42; UPDATE reply SET comment_id = 4100 "
       "WHERE comment_id = 42; COMMIT",
       "WITH gone AS (DELETE FROM comment WHERE id = 43 RETURNING id) DELETE FROM reply USING "
       "gone WHERE comment_id = gone.id",
       "BEGIN; UPDATE tag SET name = 'never'; ROLLBACK"});
}

TEST_F(JoinedSync, TruncateOfEachTable) {
  for (const char* table : {"reply", "comment_0", "comment", "project_tag", "tag", "skill",
                            "team_skill", "project_team"}) {
    const std::string change = std::string("TRUNCATE ") + table;
    Exec(change);
    ExpectAll(change);
  }
  Exec("TRUNCATE country CASCADE");
  ExpectAll("TRUNCATE country CASCADE");
}

TEST_F(JoinedSync, WhatCannotMatterCostsNothing) {
  Settle();
  const auto written = [&] {
    return Exec("SELECT last_value FROM pgsluice.outbox_id_seq").Int(0, 0);
  };
  for (const char* change :
       {"UPDATE project SET secret = 'changed'", "UPDATE crm.person SET note = 'changed'",
        "UPDATE project SET name = name", "UPDATE tag SET name = name WHERE id = 1"}) {
    const auto before = written();
    Exec(change);
    EXPECT_EQ(written(), before) << change;
  }
}

/// Makes a random change; most of them are valid.
std::string Change(std::mt19937& random, int round) {
  const auto pick = [&](int limit) {
    return static_cast<int>(random() % static_cast<unsigned>(limit)) + 1;
  };
  switch (random() % 18) {
    case 0:
      return fmt::format("UPDATE crm.person SET name = 'n{}', country_id = {} WHERE id = {}", round,
                         pick(3), pick(9));
    case 1:
      return fmt::format("UPDATE crm.person SET boss_id = {} WHERE id = {}", pick(9), pick(9));
    case 2:
      return fmt::format("UPDATE project SET owner_id = {}, reviewer_id = {} WHERE id = {}",
                         pick(9), pick(9), pick(20));
    case 3:
      return fmt::format("UPDATE project SET archived = NOT archived WHERE id % {} = 0", pick(9));
    case 4:
      return fmt::format("UPDATE project SET tenant = {} WHERE id = {}", pick(2), pick(20));
    case 5:
      return fmt::format("UPDATE tag SET name = 'tag {}' WHERE id = {}", pick(6), pick(8));
    case 6:
      return fmt::format("UPDATE tag SET id = {} WHERE id = {}", pick(10), pick(8));
    case 7:
      return fmt::format("INSERT INTO project_tag VALUES ({}, {}, {})", pick(2), pick(20), pick(8));
    case 8:
      return fmt::format("DELETE FROM project_tag WHERE project_id = {}", pick(20));
    case 9:
      return fmt::format("UPDATE project_team SET team = {} WHERE project_id = {}", pick(4),
                         pick(20));
    case 10:
      return fmt::format("UPDATE team_skill SET team = {}, skill_id = {} WHERE team = {}", pick(4),
                         pick(5), pick(4));
    case 11:
      return fmt::format("UPDATE comment SET tenant = {}, project_id = {} WHERE id = {}", pick(2),
                         pick(20), pick(60));
    case 12:
      return fmt::format(
          "UPDATE comment SET deleted = NOT deleted, author_id = {}, bucket = {} WHERE id = {}",
          pick(9), pick(2) - 1, pick(60));
    case 13:
      return fmt::format("DELETE FROM comment WHERE id = {}", pick(60));
    case 14:
      return fmt::format("INSERT INTO comment VALUES ({}, 0, {}, {}, {}, 'x', {}, false)", pick(90),
                         pick(2), pick(20), pick(9), pick(5));
    case 15:
      return fmt::format("UPDATE reply SET comment_id = {} WHERE id = {}", pick(60), pick(50));
    case 16:
      return fmt::format("DELETE FROM project WHERE id = {}", pick(20));
    default:
      return fmt::format("INSERT INTO project SELECT {}, {}, 'again', {}, {}", pick(2), pick(20),
                         pick(9), pick(9));
  }
}

TEST_F(JoinedSync, ManyChangesAtRandomWithTwoProcesses) {
  testing::SyncProcess second(config_);
  second.Start();
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 400; ++round) {
    std::string changes = "BEGIN;";
    for (auto i = random() % 3; i <= 3; ++i) changes += Change(random, round) + ";";
    try {
      Exec(changes + "COMMIT");
    } catch (const Error&) {
      Exec("ROLLBACK");  // The key existed already.
    }
    if (round % 100 == 99) ExpectAll("round " + std::to_string(round));
  }
  second.Stop();
}

// With one worker, because each of two may claim a part of the events.
TEST_F(JoinedTest, ADocumentIsWrittenOnceForATransactionOfManyTables) {
  config_.sync.workers = 1;
  StartAll();
  Settle();
  const auto written = [&] {
    const std::string line = R"(pgsluice_documents_indexed_total{index="projects",op="index"} )";
    const std::string all = process_->registry().Text();
    return std::stoi(all.substr(all.find(line) + line.size()));
  };
  const int before = written();
  const std::string change =
      "BEGIN; INSERT INTO project VALUES (1, 100, 'new', 2, 3, false, '{}', 's'); INSERT INTO "
      "project_tag VALUES (1, 100, 2), (1, 100, 3); INSERT INTO comment VALUES (500, 0, 1, 100, 3, "
      "'first', 4, false), (501, 1, 1, 100, 2, 'second', 5, false); INSERT INTO reply VALUES (901, "
      "500, 'yes'); COMMIT";
  Exec(change);
  ExpectAll(change);
  EXPECT_EQ(written() - before, 1);
}

// Roots without a key: a value that is null in one is empty in the other.
TEST_F(JoinedTest, ABatchDistinguishesRowsThatDifferInANull) {
  ConfigureIndexes(R"json({"indexes": {"note": {"embed": {
      "what": {"table": "kind", "on": {"kind": "id"}}}}}})json");
  config_.sync.workers = 1;
  Exec(
      "CREATE TABLE kind (id text PRIMARY KEY, name text); INSERT INTO kind VALUES ('', 'old');"
      "CREATE TABLE note (label text, kind text); INSERT INTO note VALUES ('a', '')");
  Start();
  Settle();
  Exec("BEGIN; INSERT INTO note VALUES ('a', NULL); UPDATE kind SET name = 'new'; COMMIT");
  Settle();
  std::string all;
  for (const auto& [id, document] : Documents("note")) all += document;
  EXPECT_NE(all.find("new"), std::string::npos) << all;
  EXPECT_EQ(all.find("old"), std::string::npos) << all;
}

}  // namespace
}  // namespace pgsluice
