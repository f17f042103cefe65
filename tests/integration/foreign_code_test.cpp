// The owner of a type may define casts, operators and constraints for it. None of this code may run
// with the rights of the schema's owner (capture) or of the role that syncs (reading).

#include <gmock/gmock.h>

#include "integration/document_test_support.h"

namespace pgsluice::plan {
namespace {

constexpr const char* kMallory = R"sql(
  CREATE ROLE {0};
  CREATE SCHEMA mal AUTHORIZATION {0};
  SET ROLE {0};
  CREATE TABLE mal.ran (who name, what text);
  GRANT USAGE ON SCHEMA mal TO PUBLIC;
  GRANT INSERT ON mal.ran TO PUBLIC;
  CREATE FUNCTION mal.note(what text) RETURNS void LANGUAGE plpgsql AS
    'BEGIN INSERT INTO mal.ran VALUES (current_user, what); END';
  CREATE FUNCTION mal.fine(v int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
    'BEGIN PERFORM mal.note(''domain''); RETURN true; END';
  CREATE TYPE mal.color AS ENUM ('red', 'green');
  CREATE TYPE mal.numeric AS ENUM ('1', '2');
  CREATE DOMAIN mal.level AS int CHECK (mal.fine(VALUE));
  CREATE DOMAIN mal.tint AS mal.color;
  CREATE TYPE mal.pair AS (a mal.color, text mal.level, b text);
  CREATE TYPE mal.span AS RANGE (subtype = int4);
  CREATE TYPE mal.levels AS RANGE (subtype = mal.level);
  CREATE TYPE mal.numbers AS RANGE (subtype = mal.numeric);
  CREATE TABLE mal.t (id int PRIMARY KEY, c mal.color, n mal.numeric, l mal.level, t mal.tint,
    p mal.pair, s mal.span, ls mal.levels, ns mal.numbers, ca mal.color[], la mal.level[],
    pa mal.pair[], sa mal.span[], note text);
  CREATE TABLE mal.k (c mal.color, l mal.level, s mal.span, v int, PRIMARY KEY (c, l, s));
  CREATE TABLE mal.w (c mal.color, t mal.tint, l mal.level, p mal.pair, s mal.span, ca mal.color[]);
  CREATE TABLE mal.child (id int PRIMARY KEY, c mal.color, l mal.level, n int);
)sql";

// Casts to and from every type, functions and operators with the names that SQL uses.
constexpr const char* kCasts = R"sql(
  DO $do$
  DECLARE
    own regtype;
    other regtype;
    number int := 0;
  BEGIN
    FOREACH own IN ARRAY ARRAY['mal.color', 'mal.numeric', 'mal.level', 'mal.tint', 'mal.pair',
        'mal.span', 'mal.levels', 'mal.numbers', 'mal.color[]', 'mal.level[]', 'mal.pair[]',
        'mal.span[]']::regtype[] LOOP
      FOREACH other IN ARRAY ARRAY['text', 'varchar', 'bpchar', 'name', 'json', 'jsonb', 'int4',
          'int8', 'numeric', 'float8', 'oid', 'bool', 'bytea', 'date', 'text[]', 'tsvector',
          'int4range', 'anyarray']::regtype[] LOOP
        CONTINUE WHEN other = 'anyarray'::regtype;
        number := number + 1;
        EXECUTE format('CREATE FUNCTION mal.to_%1$s(v %2$s) RETURNS %3$s LANGUAGE plpgsql AS '
          '''BEGIN PERFORM mal.note(''''%2$s to %3$s''''); RETURN NULL; END''', number, own, other);
        EXECUTE format('CREATE FUNCTION mal.from_%1$s(v %3$s) RETURNS %2$s LANGUAGE plpgsql AS '
          '''BEGIN PERFORM mal.note(''''%3$s to %2$s''''); RETURN NULL; END''', number, own, other);
        EXECUTE format('CREATE CAST (%2$s AS %3$s) WITH FUNCTION mal.to_%1$s(%2$s) {0}',
                       number, own, other);
        EXECUTE format('CREATE CAST (%3$s AS %2$s) WITH FUNCTION mal.from_%1$s(%3$s) {0}',
                       number, own, other);
      END LOOP;
      EXECUTE format('CREATE FUNCTION mal.compare(a %1$s, b %1$s) RETURNS boolean LANGUAGE plpgsql '
        'AS ''BEGIN PERFORM mal.note(''''%1$s operator''''); RETURN true; END''', own);
      EXECUTE (SELECT string_agg(format('CREATE OPERATOR mal.%s (LEFTARG = %s, RIGHTARG = %s, '
        'FUNCTION = mal.compare)', o, own, own), ';')
        FROM unnest(ARRAY['=', '<>', '<', '>', '<=', '>=', '||', '~', '!~', '->>']) AS o);
      EXECUTE (SELECT string_agg(format('CREATE FUNCTION mal.%I(a %s) RETURNS text LANGUAGE plpgsql '
        'AS ''BEGIN PERFORM mal.note(''''function''''); RETURN NULL; END''', f, own), ';')
        FROM unnest(ARRAY['concat', 'to_json', 'to_jsonb', 'json_build_array', 'num_nulls', 'lower',
          'upper', 'unnest', 'typed', 'text', 'json']) AS f);
    END LOOP;
  END $do$
)sql";

/// Runs with each context of casts: explicit, assignment, implicit.
class ForeignCode : public DocumentTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    DocumentTest::SetUp();
    mallory_ = sandbox_.Text("SELECT current_database()") + "_mallory";
    Exec(Filled(kMallory, mallory_));
  }
  void TearDown() override {
    Exec("RESET ROLE");
    Exec("DROP OWNED BY " + mallory_ + " CASCADE; DROP ROLE " + mallory_);
  }

  static std::string Filled(std::string text, const std::string& value) {
    for (std::size_t at = text.find("{0}"); at != std::string::npos; at = text.find("{0}", at)) {
      text.replace(at, 3, value);
    }
    return text;
  }
  void Exec(const std::string& sql) { sandbox_.Exec(sql); }
  void AsMallory(const std::string& sql) {
    Exec("SET ROLE " + mallory_);
    Exec(sql);
    Exec("RESET ROLE");
  }
  /// The casts are created last, so that the tables' definitions do not need them.
  void DefineCasts() {
    AsMallory("SET client_min_messages = error");
    AsMallory(Filled(kCasts, GetParam()));
  }
  void Attach(const std::string& arguments) {
    Exec("RESET ROLE; SELECT pgsluice.attach(" + arguments + ")");
  }
  /// Returns what ran with rights other than the owner's.
  std::string Ran() {
    return sandbox_.Text(
        "SELECT coalesce(string_agg(DISTINCT who || ': ' || what, ', '), '') FROM mal.ran WHERE "
        "who <> '" +
        mallory_ + "'");
  }
  std::string KeysSince(const std::string& id) {
    return sandbox_.Text(
        "SELECT coalesce(string_agg(k::text, ' ' ORDER BY id, ord), '') FROM pgsluice.outbox, "
        "json_array_elements(keys) WITH ORDINALITY AS u(k, ord) WHERE id > " +
        id);
  }
  std::string LastEvent() {
    return sandbox_.Text("SELECT coalesce(max(id), 0) FROM pgsluice.outbox");
  }

  std::string mallory_;
};

constexpr const char* kRow =
    "INSERT INTO mal.t VALUES (1, 'red', '2', 5, 'green', ROW('green', 7, 'x'), '[1,5)', '[2,9]', "
    "'[1,2]', '{red,green}', '{1,2}', ARRAY[ROW('red', 1, NULL)::mal.pair], "
    "ARRAY['[1,2)'::mal.span], 'a')";

constexpr const char* kDocument =
    R"({"id":1,"c":"red","n":"2","l":5,"t":"green","p":{"a": "green", "b": "x", "text": 7},)";

TEST_P(ForeignCode, DoesNotRunInCapture) {
  Attach("'mal.t'");
  Attach("'mal.k', ARRAY['c', 'l', 's', 'v'], ARRAY['v']");
  Attach("'mal.w'");
  Attach("'mal.child', ARRAY['id', 'c', 'l'], ARRAY['c', 'l'], 'row'");
  DefineCasts();
  const std::string before = LastEvent();
  AsMallory(kRow);
  AsMallory("UPDATE mal.t SET note = 'b'");
  AsMallory("INSERT INTO mal.k VALUES ('red', 1, '[1,3)', 1), ('green', 2, '[1,3)', 1)");
  AsMallory("UPDATE mal.k SET v = v + 1; UPDATE mal.k SET c = 'green' WHERE l = 1");
  AsMallory("INSERT INTO mal.w VALUES ('red', 'green', 3, ROW('red', 1, 'y'), '[4,5)', '{red}')");
  AsMallory("UPDATE mal.w SET l = 4; DELETE FROM mal.w");
  AsMallory("INSERT INTO mal.child VALUES (1, 'red', 2, 3); UPDATE mal.child SET l = 3");
  AsMallory("DELETE FROM mal.k");
  EXPECT_EQ(Ran(), "");
  EXPECT_EQ(KeysSince(before).substr(0, 7), "[1] [1]");
}

TEST_P(ForeignCode, DoesNotRunInCaptureOfAColumnThatChangedItsType) {
  AsMallory("CREATE TABLE mal.later (id int, v int, x text, PRIMARY KEY (id, x))");
  AsMallory("INSERT INTO mal.later VALUES (1, 1, 'red'), (2, 2, 'green')");
  Attach("'mal.later', ARRAY['id', 'v', 'x'], ARRAY['v']");
  DefineCasts();
  AsMallory(
      "ALTER TABLE mal.later ALTER v TYPE mal.color USING 'red', ALTER x TYPE mal.color USING "
      "'green', ALTER id TYPE mal.span USING mal.span(id, id + 1)");
  const std::string before = LastEvent();
  AsMallory(
      "UPDATE mal.later SET v = 'green'; UPDATE mal.later SET v = 'red' WHERE ctid = (SELECT "
      "min(ctid) "
      "FROM mal.later)");
  AsMallory("DELETE FROM mal.later");
  EXPECT_EQ(Ran(), "");
  EXPECT_EQ(KeysSince(before).substr(0, 25), R"k(["[1,2)", "green", "red"])k");
}

TEST_P(ForeignCode, DoesNotRunInDocuments) {
  AsMallory(kRow);
  DefineCasts();
  const auto plan = PlanOfTable("mal.t");
  ASSERT_NE(plan, nullptr);
  const auto documents = Read(*plan, R"([["1"],["2"]])");
  EXPECT_EQ(documents.at("2"), "(gone)");
  EXPECT_EQ(documents.at("1").substr(0, std::string(kDocument).size()), kDocument);
  EXPECT_EQ(ReadAll(*plan).at("1"), documents.at("1"));
  sandbox_.session().Exec(plan->missing_keys, {R"([["1"],["2"]])"});
  sandbox_.session().Exec(plan->missing_ids, {R"(["1","2"])"});
  sandbox_.session().Exec(plan->keys_of_ids, {R"(["1","2"])"});
  EXPECT_EQ(Ran(), "");
}

TEST_P(ForeignCode, DoesNotRunForKeysOfItsTypes) {
  AsMallory("INSERT INTO mal.k VALUES ('red', 1, '[1,3)', 1), ('green', 2, '[1,3)', 1)");
  AsMallory("INSERT INTO mal.w VALUES ('red', 'green', 3, ROW('red', 1, 'y'), '[4,5)', '{red}')");
  DefineCasts();
  const auto keyed = PlanOfTable("mal.k");
  ASSERT_NE(keyed, nullptr);
  const auto documents = Read(*keyed, R"k([["red", 1, "[1,3)"], ["green", "9", "[1,3)"]])k");
  EXPECT_EQ(documents.count("red|1|[1,3)"), 1U);
  EXPECT_EQ(documents.at("green|9|[1,3)"), "(gone)");
  sandbox_.session().Exec(keyed->missing_keys, {R"k([["red", "1", "[1,3)"]])k"});
  const auto keyless = PlanOfTable("mal.w");
  ASSERT_NE(keyless, nullptr);
  const pg::Result keys =
      sandbox_.session().Exec(keyless->BlockKeysStatement("mal.w"), {"0", "4294967295"});
  EXPECT_EQ(Read(*keyless, "[" + std::string(keys.Text(0, 0)) + "]"), ReadAll(*keyless));
  EXPECT_EQ(Ran(), "");
}

// For a followed table: a new policy, and a view that takes its place. The session belongs to a
// role without further rights, as is the case while no view is configured.
TEST_P(ForeignCode, DoesNotRunInAPolicyOrAView) {
  AsMallory(
      "CREATE FUNCTION mal.say(what text, result boolean) RETURNS boolean LANGUAGE plpgsql AS "
      "'BEGIN PERFORM mal.note(what); RETURN result; END'; "
      "CREATE TABLE mal.guarded (id int PRIMARY KEY, v text); INSERT INTO mal.guarded VALUES (1, "
      "'a'); "
      "CREATE TABLE mal.viewed (id int PRIMARY KEY, v text); INSERT INTO mal.viewed VALUES (1, "
      "'a')");
  const auto guarded = PlanOfTable("mal.guarded");
  const auto viewed = PlanOfTable("mal.viewed");
  ASSERT_TRUE(guarded && viewed);
  const std::string role = mallory_ + "_sync";
  Exec("CREATE ROLE " + role + "; GRANT pg_read_all_data TO " + role +
       "; SELECT pgsluice.grant_to_sync('" + role + "')");
  pg::Session::RefuseViews(true);
  pg::Session session({.url = sandbox_.url()});
  pg::Session::RefuseViews(false);
  session.Exec("SET ROLE " + role);
  const auto read = [&](const Plan& plan) {
    EXPECT_NO_THROW(session.Exec(plan.read_by_key, {R"([["1"]])"}));
    return [&session, &plan] {
      EXPECT_ANY_THROW(session.Exec(plan.read_by_key, {R"([["1"]])"}));
      EXPECT_ANY_THROW(session.Exec(plan.missing_keys, {R"([["1"]])"}));
      EXPECT_ANY_THROW(session.Exec(plan.BlockStatement(plan.root_name), {"0", "4294967295"}));
    };
  };
  const auto refused_guarded = read(*guarded), refused_viewed = read(*viewed);
  AsMallory(
      "ALTER TABLE mal.guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON mal.guarded USING "
      "(mal.say('policy', true)); ALTER TABLE mal.viewed RENAME TO kept; "
      "CREATE VIEW mal.viewed AS SELECT id, v FROM mal.kept WHERE mal.say('view', true); "
      "GRANT SELECT ON mal.viewed TO PUBLIC");
  refused_guarded();
  refused_viewed();
  EXPECT_EQ(Ran(), "");
  Exec("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

TEST_P(ForeignCode, DoesNotRunInEmbedsAndFanOut) {
  AsMallory(kRow);
  AsMallory("INSERT INTO mal.child VALUES (1, 'red', 5, 3), (2, 'green', 5, 4)");
  DefineCasts();
  config::Index index;
  index.table = "mal.t";
  index.columns = {"id"};
  const auto embed = [&](const char* name, config::On on) {
    config::Embed child;
    child.name = name;
    child.table = "mal.child";
    child.on = std::move(on);
    child.place = std::string("embed.") + name;
    index.embeds.push_back(child);
    return &index.embeds.back();
  };
  embed("by_color", {{"c", "c"}});
  embed("by_both", {{"c", "c"}, {"l", "l"}});
  config::Embed* best = embed("best", {{"l", "l"}});
  best->aggregate = config::Aggregate::kMax;
  best->aggregate_column = "c";
  const auto plan = PlanOf(index);
  ASSERT_NE(plan, nullptr);
  const std::string document = Read(*plan, R"([["1"]])").at("1");
  EXPECT_THAT(document, ::testing::HasSubstr(R"("best":"green")"));
  EXPECT_THAT(document, ::testing::HasSubstr(R"("by_both":[{"id":1,"c":"red")"));
  EXPECT_EQ(ReadAll(*plan).at("1"), document);
  for (const Source& source : plan->sources) {
    if (source.to_roots.sql.empty()) continue;
    std::string key = "[[";
    for (const std::string& column : source.captured) {
      key += (key.size() > 2 ? "," : "") + std::string(column == "c"   ? R"("red")"
                                                       : column == "l" ? "\"5\""
                                                                       : "\"1\"");
    }
    EXPECT_EQ(sandbox_.session().Exec(source.to_roots, {key + "]]"}).rows(), 1U);
  }
  EXPECT_EQ(Ran(), "");
}

TEST_P(ForeignCode, DoesNotRunWhenAColumnChangesItsTypeUnderAPreparedStatement) {
  AsMallory("CREATE TABLE mal.later (id int PRIMARY KEY, v int, x text, l mal.level)");
  AsMallory("INSERT INTO mal.later VALUES (1, 1, 'red', 3)");
  const auto plan = PlanOfTable("mal.later");
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(Read(*plan, R"([["1"]])").size(), 1U);
  DefineCasts();
  for (const char* column : {"v", "x", "l"}) {
    AsMallory(std::string("ALTER TABLE mal.later ALTER ") + column + " TYPE mal.color USING 'red'");
    EXPECT_ANY_THROW(Read(*plan, R"([["1"]])")) << column;
    sandbox_.session().Rollback();
    AsMallory(std::string("ALTER TABLE mal.later DROP ") + column);
  }
  EXPECT_EQ(Ran(), "");
}

INSTANTIATE_TEST_SUITE_P(Casts, ForeignCode, ::testing::Values("", "AS ASSIGNMENT", "AS IMPLICIT"));

}  // namespace
}  // namespace pgsluice::plan
