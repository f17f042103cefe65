// PostgreSQL's plans of all generated statements, on filled tables: none reads a whole table.

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "integration/document_test_support.h"
#include "pgsluice/config/loader.h"
#include "pgsluice/json/value.h"
#include "sync/live/missing_documents.h"

namespace pgsluice::plan {
namespace {

using ::testing::IsEmpty;

constexpr const char* kTables = R"sql(
  SET search_path = public;
  CREATE TABLE country (code char(2), part int, name text, PRIMARY KEY (code, part));
  CREATE TABLE person (id int PRIMARY KEY, name text, boss_id int REFERENCES person,
                       code char(2), part int, FOREIGN KEY (code, part) REFERENCES country);
  CREATE INDEX ON person (boss_id); CREATE INDEX ON person (code, part);
  CREATE TABLE project (id int PRIMARY KEY, name text, owner_id int REFERENCES person,
                        archived boolean NOT NULL DEFAULT false);
  CREATE INDEX ON project (owner_id);
  CREATE TABLE hashtag (id int PRIMARY KEY, name text);
  CREATE TABLE project_hashtag (project_id int REFERENCES project, hashtag_id int REFERENCES
                                hashtag, PRIMARY KEY (project_id, hashtag_id));
  CREATE INDEX ON project_hashtag (hashtag_id);
  CREATE TABLE team (id int PRIMARY KEY, name text);
  CREATE TABLE member (team_id int REFERENCES team, person_id int REFERENCES person);
  CREATE INDEX ON member (team_id); CREATE INDEX ON member (person_id);
  CREATE TABLE assignment (project_id int, team_id int, PRIMARY KEY (project_id, team_id));
  CREATE INDEX ON assignment (team_id);
  CREATE TABLE comment (id bigint, project_id int, author_id int REFERENCES person, body text,
                        stars numeric, at timestamptz, PRIMARY KEY (id, project_id))
    PARTITION BY HASH (project_id);
  CREATE TABLE comment_0 PARTITION OF comment FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE comment_1 PARTITION OF comment FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  CREATE INDEX ON comment (project_id); CREATE INDEX ON comment (author_id);
  CREATE VIEW activity AS SELECT project_id, count(*) AS comments FROM comment GROUP BY project_id;

  INSERT INTO country SELECT chr(65 + n % 26) || chr(65 + n / 26 % 26), n / 676, 'c' || n
    FROM generate_series(0, 6759) n;
  INSERT INTO person SELECT n, 'p' || n, n / 10, chr(65 + n % 26) || chr(65 + n / 26 % 26), 0
    FROM generate_series(0, 20000) n;
  INSERT INTO project SELECT n, 'project ' || n, n, n % 10 = 0 FROM generate_series(1, 20000) n;
  INSERT INTO hashtag SELECT n, 't' || n FROM generate_series(1, 10000) n;
  INSERT INTO project_hashtag SELECT n % 20000 + 1, n * 7 % 10000 + 1
    FROM generate_series(1, 40000) n ON CONFLICT DO NOTHING;
  INSERT INTO team SELECT n, 'team ' || n FROM generate_series(1, 10000) n;
  INSERT INTO member SELECT n % 10000 + 1, n % 20000 FROM generate_series(1, 30000) n;
  INSERT INTO assignment SELECT n, n % 10000 + 1 FROM generate_series(1, 20000) n;
  INSERT INTO comment SELECT n, n % 20000 + 1, n % 20000, 'text', n % 5, now()
    FROM generate_series(1, 60000) n)sql";

constexpr const char* kConfiguration = R"json({"indexes": {
  "project": {"table": "project", "where": "NOT archived", "embed": {
    "owner": {"table": "person", "embed": {"boss": {"table": "person", "on": {"boss_id": "id"}},
                                           "country": {"table": "country"}}},
    "hashtags": {"table": "hashtag", "through": [{"table": "project_hashtag"}]},
    "tags": {"table": "hashtag", "through": [{"table": "project_hashtag"}], "value": "name",
             "order_by": "name", "limit": 3},
    "people": {"table": "person", "columns": ["id", "name"], "on": {"person_id": "id"},
               "through": [{"table": "assignment", "on": {"id": "project_id"}},
                           {"table": "member", "on": {"team_id": "team_id"}}]},
    "comments": {"table": "comment", "on": {"id": "project_id"}, "where": "stars > 0",
                 "order_by": "at DESC, id", "limit": 5, "embed": {"author": {"table": "person"}}},
    "comment_count": {"table": "comment", "on": {"id": "project_id"}, "aggregate": "count"},
    "stars": {"table": "comment", "on": {"id": "project_id"}, "aggregate": {"avg": "stars"}}}},
  "person": {"table": "person", "embed": {
    "reports": {"table": "person", "on": {"id": "boss_id"}, "many": true},
    "comments": {"table": "comment", "many": true, "value": "body"}}},
  "comment": {"table": "comment", "embed": {"project": {"table": "project",
                                                        "on": {"project_id": "id"}}}},
  "activity": {"table": "activity", "key": ["project_id"],
               "sources": [{"table": "comment", "on": {"project_id": "project_id"}}]}
}})json";

/// Returns the tables that a plan reads completely, and all nodes that read a table.
struct Reads {
  std::set<std::string> sequential, by_index;
};

void Collect(const json::Value& node, Reads& reads) {
  const std::string type = node.Find("Node Type")->text;
  if (const json::Value* relation = node.Find("Relation Name")) {
    (type == "Seq Scan" ? reads.sequential : reads.by_index).insert(relation->text);
  }
  if (const json::Value* plans = node.Find("Plans")) {
    for (const json::Value& plan : plans->items) Collect(plan, reads);
  }
}

class DocumentPlans : public DocumentTest {
 protected:
  void SetUp() override {
    DocumentTest::SetUp();
    sandbox_.Exec(kTables);
    sandbox_.Exec("SET search_path = ''");
    config::Findings findings;
    plans_ = Plans(config::LoadText(
        "pgsluice.json", kConfiguration, {}, [](const std::string&) { return std::nullopt; },
        findings));
    findings.insert(findings.end(), findings_.begin(), findings_.end());
    for (const config::Finding& finding : findings) {
      ADD_FAILURE() << finding.place << ": " << finding.message << "; " << finding.hint;
    }
    ASSERT_EQ(plans_.size(), 4U);
  }

  static Reads ReadsOf(const pg::Result& explained) {
    std::string text;
    for (std::size_t row = 0; row < explained.rows(); ++row) text += explained.Text(row, 0);
    Reads reads;
    Collect(*json::Parse(text).items.at(0).Find("Plan"), reads);
    return reads;
  }

  /// Planned for this parameter, and for any parameter.
  Reads ExpectIndexes(const std::string& what, const std::string& sql,
                      const std::string& parameter) {
    return ExpectIndexes(what, sql, {parameter}, "('" + parameter + "')");
  }

  Reads ExpectIndexes(const std::string& what, const std::string& sql,
                      std::initializer_list<pg::Param> parameters, const std::string& list) {
    SCOPED_TRACE(what + "\n" + sql);
    const Reads custom =
        ReadsOf(sandbox_.session().ExecParams("EXPLAIN (FORMAT JSON) " + sql, parameters));
    EXPECT_THAT(custom.sequential, IsEmpty());
    sandbox_.Exec("SET plan_cache_mode = force_generic_plan; PREPARE statement AS " + sql);
    const Reads generic = ReadsOf(sandbox_.Exec("EXPLAIN (FORMAT JSON) EXECUTE statement " + list));
    EXPECT_THAT(generic.sequential, IsEmpty()) << "generic";
    sandbox_.Exec("DEALLOCATE statement; RESET plan_cache_mode");
    return custom;
  }

  /// Returns the keys of some rows, as JSON.
  std::string KeysOf(const std::string& table, const std::vector<std::string>& columns) {
    std::string list;
    for (const std::string& column : columns) list += (list.empty() ? "" : ", ") + column;
    return sandbox_.Text("SELECT json_agg(json_build_array(" + list + ")) FROM (SELECT * FROM " +
                         table + " ORDER BY 1 LIMIT 50 OFFSET 100) t");
  }

  void ExpectIndexesEverywhere(const std::string& state) {
    for (const auto& plan : plans_) {
      SCOPED_TRACE(state + ", index " + plan->name);
      const std::string keys = KeysOf(plan->root_name, plan->key);
      const Reads reads = ExpectIndexes("read_by_key", plan->read_by_key.sql, keys);
      EXPECT_FALSE(reads.by_index.empty());
      ExpectIndexes("read_many_by_key", plan->read_many_by_key.sql, keys);
      if (!plan->block_sql.empty()) {
        const std::string root = plan->name == "comment" ? "public.comment_0" : plan->root_name;
        ExpectIndexes("block", plan->BlockStatement(root).sql, {"0", "10"}, "(0, 10)");
      }
      std::vector<std::string> ids;
      for (int n = 100; n < 150; ++n) {
        ids.push_back(std::to_string(n) + (plan->key.size() > 1 ? "|1" : ""));
      }
      for (const auto& [statement, parameter] :
           sync::MissingQueries(*plan, sync::SortIds(sandbox_.session(), *plan, ids, {}, false))) {
        ExpectIndexes("missing", statement.sql, parameter);
      }
      for (const Source& source : plan->sources) {
        if (source.to_roots.sql.empty()) continue;
        ExpectIndexes("roots of " + source.table_name, source.to_roots.sql,
                      KeysOf(source.table_name, source.captured));
      }
    }
  }

  std::vector<std::shared_ptr<const Plan>> plans_;
};

TEST_F(DocumentPlans, EveryStatementUsesIndexes) {
  ExpectIndexesEverywhere("never analyzed");
  sandbox_.Exec("ANALYZE");
  ExpectIndexesEverywhere("analyzed");
}

TEST_F(DocumentPlans, DocumentsComeInTheOrderOfTheirKeys) {
  sandbox_.Exec("ANALYZE");
  const std::string keys = sandbox_.Text(
      "SELECT json_agg(json_build_array(n * 7919 % 20000)) FROM generate_series(1, 1000) n");
  for (const auto& plan : plans_) {
    if (plan->name != "project" && plan->name != "person") continue;
    SCOPED_TRACE(plan->name);
    for (const pg::Statement* read : {&plan->read_by_key, &plan->read_many_by_key}) {
      const pg::Result rows = sandbox_.session().Exec(*read, {keys});
      std::vector<int> ids;
      for (std::size_t row = 0; row < rows.rows(); ++row) {
        ids.push_back(std::stoi(std::string(rows.Text(row, 1))));
      }
      EXPECT_EQ(ids.size(), 1000U);
      EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    }
  }
}

/// Returns the rows that nodes of an executed plan read with a condition that contains `part`.
std::int64_t RowsBy(const std::string& part, const json::Value& node) {
  std::int64_t rows = 0;
  const json::Value* condition = node.Find("Index Cond");
  if (condition != nullptr && condition->text.find(part) != std::string::npos) {
    rows +=
        std::stoll(node.Find("Actual Rows")->text) * std::stoll(node.Find("Actual Loops")->text);
  }
  if (const json::Value* plans = node.Find("Plans")) {
    for (const json::Value& plan : plans->items) rows += RowsBy(part, plan);
  }
  return rows;
}

class DocumentBlocks : public DocumentTest {};

TEST_F(DocumentBlocks, RowsOfDenseKeysAreReadAsARange) {
  sandbox_.Exec(
      "CREATE TABLE public.a (id bigint PRIMARY KEY); CREATE TABLE public.b (id int PRIMARY KEY, "
      "a_id bigint, c_id int); CREATE TABLE public.c (id int PRIMARY KEY, b_id int);"
      "CREATE INDEX ON public.b (a_id); CREATE INDEX ON public.c (b_id)");
  config::Findings findings;
  const auto plans = Plans(config::LoadText(
      "pgsluice.json", R"json({"indexes": {"a": {"table": "a", "embed": {
        "bs": {"table": "b", "on": {"id": "a_id"}, "many": true, "where": "id > 0", "embed": {
          "cs": {"table": "c", "on": {"id": "b_id"}, "many": true}}},
        "through": {"table": "c", "on": {"c_id": "id"}, "through": [
          {"table": "b", "on": {"id": "a_id"}}]}}}}})json",
      {}, [](const std::string&) { return std::nullopt; }, findings));
  ASSERT_EQ(plans.size(), 1U);
  const auto& plan = plans.front();
  EXPECT_EQ(&plan->ReadStatement(1), &plan->read_by_key);
  EXPECT_EQ(&plan->ReadStatement(1000), &plan->read_many_by_key);
  const auto explain = [&](const std::string& sql, std::initializer_list<pg::Param> parameters) {
    const pg::Result rows =
        sandbox_.session().ExecParams("EXPLAIN (ANALYZE, FORMAT JSON) " + sql, parameters);
    return *json::Parse(std::string(rows.Text(0, 0))).items.at(0).Find("Plan");
  };
  struct Case {
    const char* ids;
    bool dense;
  };
  for (const auto& [ids, dense] : {Case{"n", true},
                                   {"n - 50", true},
                                   {"n + n / 5", true},
                                   {"n + n / 2", false},
                                   {"n * 1000", false},
                                   {"CASE n WHEN 1 THEN -9223372036854775808 WHEN 2 THEN "
                                    "9223372036854775807 ELSE n END",
                                    false}}) {
    SCOPED_TRACE(ids);
    sandbox_.Exec(
        std::string("TRUNCATE public.a, public.b, public.c; INSERT INTO public.a SELECT ") + ids +
        " FROM generate_series(1, 100) n; INSERT INTO public.b SELECT n, (" + ids +
        ")::bigint, n % 7 FROM generate_series(1, 100) n; INSERT INTO public.b SELECT n + "
        "1000, n, 3 FROM generate_series(-200, 300) n; INSERT INTO "
        "public.c SELECT n, n % 50 FROM generate_series(1, 200) n; ANALYZE");
    sandbox_.Exec("SET enable_seqscan = off; SET enable_bitmapscan = off");
    const std::string keys = sandbox_.Text("SELECT json_agg(json_build_array(id)) FROM public.a");
    for (const json::Value& executed :
         {explain(plan->BlockStatement(plan->root_name).sql, {"0", "1"}),
          explain(plan->read_many_by_key.sql, {keys})}) {
      EXPECT_EQ(RowsBy("(a_id >= ", executed) > 0, dense);
      EXPECT_EQ(RowsBy("(a_id = ANY", executed) > 0, !dense);
    }
    const auto one_by_one = Read(*plan, keys);
    EXPECT_EQ(ReadAll(*plan), one_by_one);
    EXPECT_EQ(Documents(sandbox_.session().Exec(plan->read_many_by_key, {keys})), one_by_one);
  }
}

}  // namespace
}  // namespace pgsluice::plan
