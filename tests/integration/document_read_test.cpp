#include <gmock/gmock.h>
#include <spdlog/fmt/fmt.h>

#include <set>

#include "integration/document_test_support.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::plan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class DocumentRead : public DocumentTest {
 protected:
  std::string Explain(const pg::Statement& statement, const std::string& parameter) {
    const pg::Result lines = sandbox_.session().ExecParams("EXPLAIN " + statement.sql, {parameter});
    std::string plan;
    for (std::size_t row = 0; row < lines.rows(); ++row) {
      plan += std::string(lines.Text(row, 0)) + "\n";
    }
    return plan;
  }

  std::vector<std::string> Rows(const pg::Statement& statement, const std::string& parameter) {
    const pg::Result result = sandbox_.session().Exec(statement, {parameter});
    std::vector<std::string> rows;
    for (std::size_t row = 0; row < result.rows(); ++row) rows.emplace_back(result.Text(row, 0));
    return rows;
  }
};

TEST_F(DocumentRead, PoliciesHideWhatThereIs) {
  sandbox_.Exec("CREATE TABLE public.hidden (id int PRIMARY KEY, secret text, profile jsonb)");
  config::Config config;
  config.auth.policies["p"].indexes["hidden"].hidden = {"secret"};
  EXPECT_EQ(Plans(config).size(), 1U);
  EXPECT_TRUE(findings_.empty());
  for (const char* path : {"sceret", "profile.a"}) {
    config.auth.policies["p"].indexes["hidden"].hidden = {path};
    Plans(config);
    ASSERT_EQ(findings_.size(), 1U) << path;
    EXPECT_EQ(findings_[0].place, "auth.policies.p.indexes.hidden.hidden");
  }
}

TEST_F(DocumentRead, AnswersEveryKeyAskedOnce) {
  sandbox_.Exec(
      "CREATE TABLE public.t (id bigint PRIMARY KEY, gone boolean NOT NULL);"
      "INSERT INTO public.t VALUES (1, false), (2, true), (3, false)");
  config::Index index;
  index.table = "t";
  index.where = "NOT gone";
  const auto plan = PlanOf(index);
  EXPECT_THAT(Read(*plan, "[[1],[\"1\"],[2],[9]]"),
              ElementsAre(Pair("1", "{\"id\":1,\"gone\":false,\"__id\":\"1\"}"),
                          Pair("2", "(gone)"), Pair("9", "(gone)")));
  EXPECT_THAT(ReadAll(*plan), ElementsAre(Pair("1", HasSubstr("")), Pair("3", HasSubstr(""))));
  EXPECT_THAT(Rows(plan->missing_ids, "[\"1\",\"2\",\"x\"]"), UnorderedElementsAre("2", "x"));
  EXPECT_THAT(Rows(plan->keys_of_ids, "[\"1\",\"2\",\"x\"]"), ElementsAre("[\"1\"]"));
}

TEST_F(DocumentRead, OddKeysComeBackFromTheirIds) {
  sandbox_.Exec("CREATE TABLE public.t (a text, b text, PRIMARY KEY (a, b))");
  const auto plan = PlanOfTable("t");
  const std::string odd[] = {"", "|", "\\", "a|b", "a\\|b\\", "ü/ \"'", "\n", "row:", "x"};
  for (const std::string& a : odd) {
    for (const std::string& b : odd) {
      sandbox_.session().ExecParams("INSERT INTO public.t VALUES ($1, $2)", {a, b});
    }
  }
  const auto documents = ReadAll(*plan);
  EXPECT_EQ(documents.size(), std::size(odd) * std::size(odd));
  for (const auto& [id, document] : documents) {
    const std::string key = plan->KeyOfId(id);
    ASSERT_NE(key, "") << id;
    EXPECT_THAT(Read(*plan, "[" + key + "]"), ElementsAre(Pair(id, document)));
  }
}

TEST_F(DocumentRead, LongAndEmptyKeysAreHashed) {
  sandbox_.Exec(
      "CREATE TABLE public.t (a text PRIMARY KEY);"
      "INSERT INTO public.t VALUES (''), (repeat('x', 513)), (repeat('y', 512))");
  const auto plan = PlanOfTable("t");
  for (const auto& [id, document] : ReadAll(*plan)) {
    const bool hashed = id[0] != 'y';
    EXPECT_EQ(id.compare(0, 7, "sha256:") == 0, hashed);
    EXPECT_EQ(plan->KeyOfId(id).empty(), hashed);
    const auto keys = Rows(plan->keys_of_ids, "[" + json::Quote(id) + "]");
    ASSERT_EQ(keys.size(), 1U);
    EXPECT_THAT(Read(*plan, "[" + keys[0] + "]"), ElementsAre(Pair(id, document)));
  }
}

TEST_F(DocumentRead, KeysThatAreEqualButSpeltDifferentlyAreDifferentDocuments) {
  sandbox_.Exec(
      "CREATE TABLE public.t (a numeric PRIMARY KEY); INSERT INTO public.t VALUES (1.00)");
  EXPECT_THAT(Read(*PlanOfTable("t"), "[[\"1.0\"],[\"1.00\"]]"),
              ElementsAre(Pair("1.0", "(gone)"), Pair("1.00", HasSubstr("1.00"))));
}

TEST_F(DocumentRead, RowsWithoutAKeyAreIdentifiedByTheirContent) {
  sandbox_.Exec(
      "CREATE TABLE public.t (a int, b text, c json);"
      "INSERT INTO public.t VALUES (1, 'x', '{}'), (1, 'x', '{}'), (NULL, NULL, NULL), "
      "(NULL, 'NULL', NULL), (2, 'y', NULL)");
  const auto plan = PlanOfTable("t");
  EXPECT_TRUE(plan->row_hash_id);
  const auto documents = ReadAll(*plan);
  EXPECT_EQ(documents.size(), 4U);
  EXPECT_EQ(Read(*plan, R"([["1","x","{}"],[null,null,null],[null,"NULL",null],[2,"y",null]])"),
            documents);
  const auto gone = Read(*plan, R"([["1","x",null]])");
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_THAT(gone.begin()->first, StartsWith("row:"));
  EXPECT_EQ(gone.begin()->second, "(gone)");
}

TEST_F(DocumentRead, RoutingFollowsTheRowAndItsFormerValue) {
  sandbox_.Exec(
      "CREATE TABLE public.t (id int PRIMARY KEY, tenant text);"
      "INSERT INTO public.t VALUES (1, 'new'), (2, NULL)");
  config::Index index;
  index.table = "t";
  index.routing = "tenant";
  const auto plan = PlanOf(index);
  EXPECT_THAT(plan->sources.front().captured, ElementsAre("id", "tenant"));
  const pg::Result rows =
      sandbox_.session().Exec(plan->read_by_key, {R"([[1,"old"],[1,"new"],[2,null],[3,"x"],[4]])"});
  std::map<std::string, bool> documents;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    documents[std::string(rows.Text(row, 1)) + "@" + std::string(rows.Text(row, 3))] =
        !rows.IsNull(row, 2);
  }
  EXPECT_THAT(documents, ElementsAre(Pair("1@new", true), Pair("1@old", false), Pair("2@2", true),
                                     Pair("3@x", false), Pair("4@4", false)));
}

TEST_F(DocumentRead, ADeletionAtAFormerRoutingComesBeforeTheDocument) {
  sandbox_.Exec(
      "CREATE TABLE public.t (id int PRIMARY KEY, tenant text);"
      "INSERT INTO public.t VALUES (1, 'new'), (2, 'b')");
  config::Index index;
  index.table = "t";
  index.routing = "tenant";
  const auto plan = PlanOf(index);
  const pg::Result rows =
      sandbox_.session().Exec(plan->read_by_key, {R"([[1,"old"],[2,"a"],[2,"b"]])"});
  ASSERT_EQ(rows.rows(), 4U);
  for (std::size_t row = 0; row < 4; ++row) EXPECT_EQ(rows.IsNull(row, 2), row < 2);
  const pg::Result missing =
      sandbox_.session().Exec(plan->missing_keys, {R"([[1,"old"],[2,"b"],[3,"x"]])"});
  std::set<std::string> there;
  for (std::size_t row = 0; row < missing.rows(); ++row) {
    there.insert(fmt::format("{}@{}", missing.Text(row, 1), missing.Text(row, 3)));
  }
  EXPECT_THAT(there, ElementsAre("1@old", "3@x"));
}

TEST_F(DocumentRead, PartitionsAreReadByNameWhateverTheirColumnOrder) {
  sandbox_.Exec(
      "CREATE TABLE public.\"Odd Name\" (id int, \"Ä b\" text, PRIMARY KEY (id)) PARTITION BY "
      "RANGE "
      "(id); CREATE TABLE public.p (\"Ä b\" text, id int NOT NULL); ALTER TABLE public.\"Odd "
      "Name\" "
      "ATTACH PARTITION public.p FOR VALUES FROM (0) TO (10); INSERT INTO public.p VALUES ('x', "
      "1)");
  const auto plans = Plans(config::Config());
  ASSERT_EQ(plans.size(), 1U);
  EXPECT_EQ(plans[0]->name, "odd_name");
  EXPECT_THAT(Documents(sandbox_.session().Exec(plans[0]->BlockStatement("public.p"), {"0", "10"})),
              ElementsAre(Pair("1", "{\"id\":1,\"Ä b\":\"x\",\"__id\":\"1\"}")));
}

TEST_F(DocumentRead, StatementsUseIndexesAndBlockRanges) {
  sandbox_.Exec(
      "CREATE TABLE public.t (id bigint PRIMARY KEY, v text); CREATE TABLE public.l (a int, b "
      "int); "
      "CREATE INDEX ON public.l (b); CREATE SCHEMA s; CREATE EXTENSION citext SCHEMA s; CREATE "
      "TABLE public.c (id s.citext PRIMARY KEY, v text);"
      "INSERT INTO public.t SELECT i, repeat('x', 100) FROM generate_series(1, 50000) i;"
      "INSERT INTO public.l SELECT i, i FROM generate_series(1, 50000) i;"
      "INSERT INTO public.c SELECT 'K' || i, 'x' FROM generate_series(1, 50000) i;");
  const auto keyed = PlanOfTable("t");
  const auto keyless = PlanOfTable("l");
  const auto citext = PlanOfTable("c");
  for (const char* state : {"never analyzed", "analyzed"}) {
    EXPECT_THAT(Explain(keyed->read_by_key, "[[1]]"), HasSubstr("t_pkey")) << state;
    EXPECT_THAT(Explain(keyless->read_by_key, "[[1,1]]"), HasSubstr("l_b_idx")) << state;
    EXPECT_THAT(Explain(citext->read_by_key, "[[1]]"), HasSubstr("c_pkey")) << state;
    sandbox_.Exec("ANALYZE public.t; ANALYZE public.l; ANALYZE public.c");
  }
  EXPECT_THAT(Read(*citext, R"([["k7"],["K7"]])"),
              ElementsAre(Pair("K7", HasSubstr("K7")), Pair("k7", "(gone)")));
  const pg::Result block = sandbox_.session().ExecParams(
      "EXPLAIN " + keyed->BlockStatement(keyed->root_name).sql, {"0", "10"});
  EXPECT_THAT(std::string(block.Text(0, 0)), HasSubstr("Tid Range Scan"));
}

TEST_F(DocumentRead, WideTablesFitIntoOneExpression) {
  std::string columns = "id int PRIMARY KEY";
  for (int i = 0; i < 1500; ++i) columns += ", c" + std::to_string(i) + " int DEFAULT 1";
  sandbox_.Exec("CREATE TABLE public.t (" + columns + "); INSERT INTO public.t VALUES (1)");
  EXPECT_THAT(ReadAll(*PlanOfTable("t")).at("1"), HasSubstr("\"c1499\":1,\"__id\""));
}

TEST_F(DocumentRead, ReportsAllMistakesAtOnce) {
  sandbox_.Exec(
      "CREATE TABLE public.t (id int PRIMARY KEY, name text);"
      "CREATE VIEW public.v AS SELECT * FROM public.t;"
      "CREATE FUNCTION public.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'");
  config::Config config;
  config.all_tables = false;
  const auto add = [&](auto&& change) {
    config::Index index;
    index.name = "i" + std::to_string(config.indexes.size());
    index.place = "indexes." + index.name;
    index.table = "t";
    change(index);
    config.indexes.push_back(index);
  };
  add([](auto& i) { i.table = "tt"; });
  add([](auto& i) { i.table = "v"; });
  add([](auto& i) { i.columns = {"nam"}; });
  add([](auto& i) { i.where = "id = 1); DROP TABLE t"; });
  add([](auto& i) { i.where = "id = "; });
  add([](auto& i) { i.where = "random() < 1"; });
  add([](auto& i) { i.where = "public.f(id) = 1"; });
  add([](auto& i) { i.where = "count(*) > 1"; });
  add([](auto& i) { i.where = "id IN (SELECT 1)"; });
  add([](auto& i) { i.fields = {{"n", {"sum(root.id)", "long"}}}; });
  add([](auto& i) { i.fields = {{"n", {"row_number() OVER ()", "long"}}}; });
  add([](auto& i) { i.fields = {{"name", {"root.id", "long"}}}; });
  add([](auto& i) { i.rename = {{"name", "id"}}; });
  add([](auto& i) { i.mapping = {{"nme", json::Parse("{}")}}; });
  add([](auto& i) { i.routing = "x"; });
  add([](auto& i) {
    i.table = "v";
    i.key = {"id"};
    i.sources = {{"t", {{"id", "id"}}}};
    i.routing = "name";
  });
  EXPECT_TRUE(Plans(config).empty());
  for (const config::Index& index : config.indexes) {
    EXPECT_TRUE(std::any_of(findings_.begin(), findings_.end(), [&](const config::Finding& p) {
      return !p.warning &&
             (p.place + ".").compare(0, index.place.size() + 1, index.place + ".") == 0;
    })) << index.place;
  }
}

TEST_F(DocumentRead, ComputesRenamesAndLeavesOut) {
  sandbox_.Exec(
      "CREATE TABLE public.t (id int PRIMARY KEY, name text, secret text, p jsonb, "
      "__x int, _id int);"
      "INSERT INTO public.t VALUES (1, 'abc', 's', '{\"contact\":{\"email\":\"e\"}}', 1, 2)");
  config::Index index;
  index.table = "t";
  index.exclude = {"secret", "p"};
  index.rename = {{"name", "title"}};
  index.fields = {{"name_length", {"length(root.name)", "integer"}},
                  {"email", {"root.p #>> '{contact,email}'", "keyword"}}};
  const auto plan = PlanOf(index);
  EXPECT_EQ(Read(*plan, "[[1]]").at("1"),
            "{\"id\":1,\"title\":\"abc\",\"x__x\":1,\"x_id\":2,\"name_length\":3,\"email\":\"e\","
            "\"__id\":\"1\"}");
  EXPECT_THAT(plan->sources.front().watched, Not(::testing::Contains("secret")));
  EXPECT_THAT(plan->sources.front().watched, ::testing::Contains("p"));
}

}  // namespace
}  // namespace pgsluice::plan
