#include <gmock/gmock.h>
#include <spdlog/fmt/fmt.h>

#include <random>
#include <set>

#include "integration/document_test_support.h"
#include "pgsluice/base/error.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::plan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

config::Embed EmbedOf(const std::string& name, const std::string& table) {
  config::Embed embed;
  embed.name = name;
  embed.table = table;
  embed.place = "indexes.test.embed." + name;
  return embed;
}

class DocumentEmbed : public DocumentTest {
 protected:
  void SetUp() override {
    DocumentTest::SetUp();
    sandbox_.Exec(R"(
      SET search_path = public;
      CREATE TABLE users (id int PRIMARY KEY, name text, boss_id int REFERENCES users);
      CREATE TABLE projects (id int PRIMARY KEY, name text, owner_id int REFERENCES users,
                             archived boolean NOT NULL DEFAULT false);
      CREATE TABLE hashtags (id int PRIMARY KEY, name text);
      CREATE TABLE project_hashtags (hashtag_id int REFERENCES hashtags ON DELETE CASCADE,
                                     project_id int REFERENCES projects ON DELETE CASCADE);
      CREATE TABLE comments (id bigint PRIMARY KEY, project_id int REFERENCES projects ON DELETE
                             CASCADE, author_id int REFERENCES users, body text, stars numeric,
                             deleted boolean NOT NULL DEFAULT false);
      CREATE INDEX ON comments (project_id); CREATE INDEX ON project_hashtags (project_id);
      INSERT INTO users SELECT i, 'user ' || i, nullif(i / 2, 0) FROM generate_series(1, 9) i;
      INSERT INTO projects SELECT i, 'project ' || i, nullif(i % 5, 0), i % 7 = 0
        FROM generate_series(1, 20) i;
      INSERT INTO hashtags SELECT i, 'tag ' || i % 4 FROM generate_series(1, 8) i;
      INSERT INTO project_hashtags SELECT 1 + i % 8, 1 + i % 17 FROM generate_series(1, 40) i;
      INSERT INTO comments SELECT i, 1 + i % 15, nullif(i % 10, 0), 'body "' || i, i % 5 + 0.5,
        i % 6 = 0 FROM generate_series(1, 60) i;
      SET search_path = '';
    )");
  }

  static config::Index Full() {
    config::Index index;
    index.name = "test";
    index.place = "indexes.test";
    index.table = "projects";
    index.where = "NOT archived";
    index.columns = {"id", "name"};
    config::Embed owner = EmbedOf("owner", "users");
    owner.columns = {"id", "name"};
    config::Embed boss = EmbedOf("boss", "users");
    boss.on = {{"boss_id", "id"}};
    boss.columns = {"name"};
    owner.embeds = {boss};
    config::Embed hashtags = EmbedOf("hashtags", "hashtags");
    hashtags.through = {{"project_hashtags", {{"id", "project_id"}}}};
    hashtags.on = {{"hashtag_id", "id"}};
    hashtags.order_by = "name DESC";
    hashtags.limit = 3;
    config::Embed tags = EmbedOf("tags", "hashtags");
    tags.through = {{"project_hashtags", {}}};
    tags.value = "name";
    tags.order_by = "name";
    config::Embed comments = EmbedOf("comments", "comments");
    comments.where = "NOT deleted";
    comments.exclude = {"deleted", "project_id"};
    comments.rename = {{"body", "text"}};
    comments.fields = {{"size", {"length(body)", "integer"}}};
    config::Embed author = EmbedOf("author", "users");
    author.columns = {"name"};
    comments.embeds = {author};
    config::Embed count = EmbedOf("comment_count", "comments");
    count.aggregate = config::Aggregate::kCount;
    config::Embed sum = EmbedOf("stars", "comments");
    sum.aggregate = config::Aggregate::kSum;
    sum.aggregate_column = "stars";
    config::Embed newest = EmbedOf("newest", "comments");
    newest.many = false;
    newest.order_by = "id DESC";
    newest.value = "body";
    index.embeds = {owner, hashtags, tags, comments, count, sum, newest};
    return index;
  }

  static constexpr const char* kOracle = R"(
    SELECT p.id::text, jsonb_build_object('id', p.id, 'name', p.name,
      'owner', (SELECT jsonb_build_object('id', u.id, 'name', u.name, 'boss',
          (SELECT jsonb_build_object('name', b.name) FROM public.users b WHERE b.id = u.boss_id))
        FROM public.users u WHERE u.id = p.owner_id),
      'hashtags', coalesce((SELECT jsonb_agg(to_jsonb(x) ORDER BY x.name DESC, x.id) FROM (
        SELECT h.* FROM public.project_hashtags l JOIN public.hashtags h ON h.id = l.hashtag_id
        WHERE l.project_id = p.id ORDER BY h.name DESC, h.id LIMIT 3) x), '[]'),
      'tags', coalesce((SELECT jsonb_agg(h.name ORDER BY h.name) FROM public.project_hashtags l
        JOIN public.hashtags h ON h.id = l.hashtag_id WHERE l.project_id = p.id), '[]'),
      'comments', coalesce((SELECT jsonb_agg(jsonb_build_object('id', c.id, 'author_id',
          c.author_id, 'text', c.body, 'stars', c.stars, 'size', length(c.body), 'author',
          (SELECT jsonb_build_object('name', u.name) FROM public.users u WHERE u.id = c.author_id))
        ORDER BY c.id) FROM public.comments c WHERE c.project_id = p.id AND NOT c.deleted), '[]'),
      'comment_count', (SELECT count(*) FROM public.comments c WHERE c.project_id = p.id),
      'stars', (SELECT sum(c.stars) FROM public.comments c WHERE c.project_id = p.id),
      'newest', (SELECT c.body FROM public.comments c WHERE c.project_id = p.id ORDER BY c.id DESC
        LIMIT 1))::text
    FROM public.projects p WHERE NOT p.archived)";

  std::map<std::string, std::string> Oracle(const std::string& sql) {
    std::map<std::string, std::string> documents;
    const pg::Result rows = sandbox_.Exec(sql);
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      documents[std::string(rows.Text(row, 0))] = std::string(rows.Text(row, 1));
    }
    return documents;
  }

  /// Returns documents as jsonb writes them, without internal fields.
  std::map<std::string, std::string> Plain(std::map<std::string, std::string> documents) {
    for (auto it = documents.begin(); it != documents.end();) {
      if (it->second == "(gone)") {
        it = documents.erase(it);
        continue;
      }
      const pg::Result text =
          sandbox_.session().ExecParams("SELECT (($1::jsonb) - '__id')::text", {it->second});
      it->second = std::string(text.Text(0, 0));
      ++it;
    }
    return documents;
  }

  std::string AllKeys(const Plan& plan) {
    const pg::Result rows = sandbox_.Exec(plan.all_keys_sql);
    std::string keys = "[";
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      if (row > 0) keys += ',';
      keys += rows.Text(row, 0);
    }
    return keys + "]";
  }

  /// Row triggers that log what capture would deliver.
  void Capture(const Plan& plan) {
    sandbox_.Exec("CREATE TABLE public.events (source bigint, key jsonb)");
    for (const Source& source : plan.sources) {
      if (!source.has_triggers) continue;
      std::string body;
      for (const char* row : {"OLD", "NEW"}) {
        std::string columns;
        for (const std::string& column : source.captured) {
          columns += fmt::format("{}{}.\"{}\"::text", columns.empty() ? "" : ", ", row, column);
        }
        body += fmt::format(
            "IF NOT ({} IS NULL) THEN INSERT INTO public.events VALUES ({}, "
            "jsonb_build_array({})); "
            "END IF; ",
            row, source.table, columns);
      }
      sandbox_.Exec(fmt::format(
          "CREATE FUNCTION public.capture_{0}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {1} "
          "RETURN NULL; END$$; CREATE TRIGGER capture AFTER INSERT OR UPDATE OR DELETE ON {2} FOR "
          "EACH ROW EXECUTE FUNCTION public.capture_{0}()",
          source.table, body, source.table_name));
    }
  }

  /// Returns the `_id`s that the logged events sync.
  std::set<std::string> Refreshed(const Plan& plan) {
    std::set<std::string> ids;
    for (const Source& source : plan.sources) {
      const std::string keys = sandbox_.Text(
          fmt::format("SELECT coalesce(jsonb_agg(key), '[]') FROM public.events WHERE source = {}",
                      source.table));
      std::string roots = "[";
      if (source.table == plan.root) {
        for (const auto& [id, document] : Read(plan, keys)) ids.insert(id);
      }
      if (source.to_roots.sql.empty()) continue;
      const pg::Result rows = sandbox_.session().Exec(source.to_roots, {keys});
      for (std::size_t row = 0; row < rows.rows(); ++row) {
        if (row > 0) roots += ',';
        roots += rows.Text(row, 0);
      }
      for (const auto& [id, document] : Read(plan, roots + "]")) ids.insert(id);
    }
    sandbox_.Exec("TRUNCATE public.events");
    return ids;
  }
};

TEST_F(DocumentEmbed, EqualsSqlWrittenByHand) {
  const auto plan = PlanOf(Full());
  ASSERT_NE(plan, nullptr);
  const auto expected = Oracle(kOracle);
  EXPECT_EQ(Plain(ReadAll(*plan)), expected);
  EXPECT_EQ(Plain(Read(*plan, AllKeys(*plan))), expected);
  EXPECT_THAT(Read(*plan, "[[7],[1]]"),
              ElementsAre(::testing::Pair("1", HasSubstr("\"comments\":[")),
                          ::testing::Pair("7", "(gone)")));
}

TEST_F(DocumentEmbed, EveryChangeReachesTheDocumentsItConcerns) {
  const auto plan = PlanOf(Full());
  ASSERT_NE(plan, nullptr);
  Capture(*plan);
  std::mt19937 random(20261124);
  const auto pick = [&](int limit) {
    return static_cast<int>(random() % static_cast<unsigned>(limit)) + 1;
  };
  auto before = Plain(ReadAll(*plan));
  for (int round = 0; round < 120; ++round) {
    const std::string change = [&]() -> std::string {
      switch (random() % 14) {
        case 0:
          return fmt::format("UPDATE public.users SET name = 'n{}' WHERE id = {}", round, pick(9));
        case 1:
          return fmt::format("UPDATE public.users SET boss_id = {} WHERE id = {}", pick(9),
                             pick(9));
        case 2:
          return fmt::format("UPDATE public.projects SET owner_id = {} WHERE id = {}", pick(9),
                             pick(20));
        case 3:
          return fmt::format("UPDATE public.projects SET archived = NOT archived WHERE id = {}",
                             pick(20));
        case 4:
          return fmt::format("UPDATE public.hashtags SET name = 'tag {}' WHERE id = {}", pick(6),
                             pick(8));
        case 5:
          return fmt::format("INSERT INTO public.project_hashtags VALUES ({}, {}) ", pick(5),
                             pick(7));
        case 6:
          return fmt::format("DELETE FROM public.project_hashtags WHERE project_id = {}", pick(20));
        case 7:
          return fmt::format(
              "UPDATE public.project_hashtags SET project_id = {} WHERE project_id = {}", pick(7),
              pick(7));
        case 8:
          return fmt::format("UPDATE public.comments SET project_id = {} WHERE id = {}", pick(7),
                             pick(60));
        case 9:
          return fmt::format(
              "UPDATE public.comments SET deleted = NOT deleted, author_id = {} WHERE id = {}",
              pick(9), pick(60));
        case 10:
          return fmt::format("DELETE FROM public.comments WHERE id = {}", pick(60));
        case 11:
          return fmt::format("DELETE FROM public.hashtags WHERE id = {}", pick(8));
        case 12:
          return fmt::format("INSERT INTO public.comments VALUES ({}, {}, {}, 'x', 1)",
                             1000 + round, pick(7), pick(9));
        default:
          return fmt::format("DELETE FROM public.projects WHERE id = {}", 15 + pick(10));
      }
    }();
    try {
      sandbox_.Exec(change);
    } catch (const pgsluice::Error&) {
      continue;  // A foreign key refused it.
    }
    const std::set<std::string> refreshed = Refreshed(*plan);
    const auto after = Plain(ReadAll(*plan));
    std::set<std::string> ids;
    for (const auto& [id, document] : before) ids.insert(id);
    for (const auto& [id, document] : after) ids.insert(id);
    for (const std::string& id : ids) {
      const bool changed = before.count(id) != after.count(id) ||
                           (before.count(id) != 0 && before.at(id) != after.at(id));
      if (changed) {
        EXPECT_EQ(refreshed.count(id), 1U) << change << " left document " << id << " stale";
      }
    }
    before = after;
  }
  EXPECT_EQ(before, Oracle(kOracle));
}

TEST_F(DocumentEmbed, TreesUpAndDownOneTable) {
  config::Index index;
  index.table = "users";
  config::Embed boss = EmbedOf("boss", "users");
  boss.on = {{"boss_id", "id"}};
  boss.value = "name";
  config::Embed staff = EmbedOf("staff", "users");
  staff.on = {{"id", "boss_id"}};
  staff.columns = {"id"};
  config::Embed below = EmbedOf("below", "users");
  below.on = {{"id", "boss_id"}};
  below.aggregate = config::Aggregate::kCount;
  staff.embeds = {below};
  index.embeds = {boss, staff};
  const auto plan = PlanOf(index);
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(Plain(ReadAll(*plan)), Oracle(R"(
    SELECT u.id::text, (to_jsonb(u) || jsonb_build_object(
      'boss', (SELECT b.name FROM public.users b WHERE b.id = u.boss_id),
      'staff', coalesce((SELECT jsonb_agg(jsonb_build_object('id', s.id, 'below', (SELECT count(*)
        FROM public.users x WHERE x.boss_id = s.id)) ORDER BY s.id) FROM public.users s
        WHERE s.boss_id = u.id), '[]')))::text FROM public.users u)"));
  ASSERT_EQ(plan->sources.size(), 1U);
  EXPECT_THAT(plan->sources[0].captured, ElementsAre("id", "boss_id"));
  Capture(*plan);
  sandbox_.Exec("UPDATE public.users SET name = 'changed' WHERE id = 4");
  EXPECT_THAT(Refreshed(*plan), ElementsAre("1", "2", "4", "8", "9"));
}

TEST_F(DocumentEmbed, CompositeKeysLinksInARowAndRootsWithoutAKey) {
  sandbox_.Exec(R"(
    CREATE TABLE public.a (x int, y text, note text);
    CREATE TABLE public.b (x int, y text, c int, PRIMARY KEY (x, y, c));
    CREATE TABLE public.d (c int, e int);
    CREATE TABLE public.f (e int PRIMARY KEY, v text);
    INSERT INTO public.a VALUES (1, 'p', 'n'), (1, 'p', 'n'), (2, 'q', NULL), (NULL, NULL, 'z');
    INSERT INTO public.b VALUES (1, 'p', 1), (1, 'p', 2), (2, 'p', 1);
    INSERT INTO public.d VALUES (1, 1), (2, 1), (2, 2);
    INSERT INTO public.f VALUES (1, 'one'), (2, 'two'))");
  config::Index index;
  index.table = "a";
  config::Embed f = EmbedOf("f", "f");
  f.through = {{"b", {{"x", "x"}, {"y", "y"}}}, {"d", {{"c", "c"}}}};
  f.on = {{"e", "e"}};
  f.value = "v";
  config::Embed total = f;
  total.name = "total";
  total.value.clear();
  total.aggregate = config::Aggregate::kMax;
  total.aggregate_column = "e";
  index.embeds = {f, total};
  const auto plan = PlanOf(index);
  ASSERT_NE(plan, nullptr);
  const auto documents = ReadAll(*plan);
  ASSERT_EQ(documents.size(), 3U);
  EXPECT_EQ(Read(*plan, R"([[1,"p","n"],[2,"q",null],[null,null,"z"]])"), documents);
  std::set<std::string> texts;
  for (const auto& [id, document] : Plain(documents)) texts.insert(document);
  EXPECT_THAT(
      texts,
      ElementsAre(R"({"f": ["one", "one", "two"], "x": 1, "y": "p", "note": "n", "total": 2})",
                  R"({"f": [], "x": 2, "y": "q", "note": null, "total": null})",
                  R"({"f": [], "x": null, "y": null, "note": "z", "total": null})"));
  Capture(*plan);
  sandbox_.Exec("UPDATE public.f SET v = 'TWO' WHERE e = 2");
  EXPECT_EQ(Refreshed(*plan).size(), 1U);
}

TEST_F(DocumentEmbed, ViewsLiveFromTheirTables) {
  sandbox_.Exec(
      "CREATE VIEW public.totals AS SELECT project_id, count(*) AS n FROM public.comments "
      "GROUP BY project_id");
  config::Index root;
  root.table = "totals";
  root.key = {"project_id"};
  root.sources = {{"comments", {{"project_id", "project_id"}}}};
  const auto view = PlanOf(root);
  ASSERT_NE(view, nullptr);
  EXPECT_THAT(Read(*view, "[[1]]").at("1"), HasSubstr("\"n\":"));
  // The view itself, for keys of documents to sync again, and the tables it is made from.
  ASSERT_EQ(view->sources.size(), 2U);
  EXPECT_FALSE(view->sources[0].has_triggers);
  EXPECT_EQ(view->sources[1].table_name, "public.comments");
  EXPECT_TRUE(view->sources[1].has_triggers);
  Capture(*view);
  sandbox_.Exec("DELETE FROM public.comments WHERE project_id = 3");
  EXPECT_THAT(Refreshed(*view), ElementsAre("3"));

  config::Index index;
  index.table = "projects";
  config::Embed totals = EmbedOf("totals", "totals");
  totals.on = {{"id", "project_id"}};
  totals.key = {"project_id"};
  totals.sources = root.sources;
  index.embeds = {totals};
  const auto plan = PlanOf(index);
  ASSERT_NE(plan, nullptr);
  EXPECT_THAT(Read(*plan, "[[1]]").at("1"), HasSubstr("\"totals\":{\"project_id\":1,"));
  EXPECT_THAT(Read(*plan, "[[3]]").at("3"), HasSubstr("\"totals\":null"));

  root.sources = {{"comments", {{"id", "n"}}}};
  ASSERT_NE(PlanOf(root), nullptr);
  ASSERT_EQ(findings_.size(), 1U);
  EXPECT_THAT(findings_[0].message, HasSubstr("does not lead to \"project_id\""));
}

TEST_F(DocumentEmbed, JoinColumnsWithoutAnIndexAreNamed) {
  ASSERT_NE(PlanOf(Full()), nullptr);
  std::set<std::string> hints;
  for (const config::Finding& finding : findings_) hints.insert(finding.hint);
  EXPECT_THAT(hints, ElementsAre("CREATE INDEX ON public.comments (\"author_id\");",
                                 "CREATE INDEX ON public.project_hashtags (\"hashtag_id\");",
                                 "CREATE INDEX ON public.projects (\"owner_id\");",
                                 "CREATE INDEX ON public.users (\"boss_id\");"));
}

TEST_F(DocumentEmbed, FieldsAreDerivedThroughTheTree) {
  const auto plan = PlanOf(Full());
  ASSERT_NE(plan, nullptr);
  EXPECT_TRUE(plan->Find("comments")->nested);
  EXPECT_EQ(plan->Find("comments.author.name")->nested_path, "comments");
  EXPECT_EQ(plan->Find("owner.boss.name")->nested_path, "");
  EXPECT_TRUE(plan->Find("tags")->array);
  EXPECT_EQ(plan->Find("tags")->kind, Kind::kText);
  EXPECT_EQ(plan->Find("stars")->kind, Kind::kDecimal);
  const json::Value mapping = json::Parse(plan->MappingJson(true));
  EXPECT_EQ(mapping.Find({"properties", "comments", "type"})->text, "nested");
  EXPECT_EQ(
      mapping
          .Find({"properties", "comments", "properties", "author", "properties", "name", "type"})
          ->text,
      "text");
}

TEST_F(DocumentEmbed, MistakesAreReportedWithTheirCandidates) {
  sandbox_.Exec("ALTER TABLE public.projects ADD reviewer_id int REFERENCES public.users");
  config::Index index = Full();
  index.embeds[0].on.clear();         // Two foreign keys to users now.
  index.embeds[1].table = "hashtag";  // Unknown.
  index.embeds[2].value = "nam";      // Unknown column.
  index.embeds[3].order_by.clear();
  index.embeds[3].limit = 2;      // A limit without an order.
  index.embeds[4].name = "name";  // Hides a column.
  index.embeds[5].where = "stars > (SELECT 1)";
  index.embeds[6].order_by = "id DESC LIMIT 1";
  config::Config config;
  config.all_tables = false;
  config.indexes = {index};
  EXPECT_TRUE(Plans(config).empty());
  std::string all;
  for (const config::Finding& finding : findings_) {
    all += finding.place + ": " + finding.message + "; " + finding.hint + "\n";
  }
  EXPECT_THAT(all, HasSubstr("{\"owner_id\": \"id\"} or {\"reviewer_id\": \"id\"}"));
  EXPECT_THAT(all, HasSubstr("there is no table hashtag"));
  EXPECT_THAT(all, HasSubstr("no column \"nam\""));
  EXPECT_THAT(all, HasSubstr("a limit without an order"));
  EXPECT_THAT(all, HasSubstr("sub-select"));
}

}  // namespace
}  // namespace pgsluice::plan
