// Compares every type of pg_type with to_json(): plain, in arrays, as a domain and in a composite.

#include <gmock/gmock.h>

#include "integration/document_test_support.h"

namespace pgsluice::plan {
namespace {

// Sample texts; each type accepts one of them.
constexpr const char* kSamples = R"sql(
  CREATE FUNCTION public.samples(type regtype) RETURNS text[] LANGUAGE plpgsql AS $f$
  DECLARE
    candidate text;
    found text[] := '{}';
  BEGIN
    FOREACH candidate IN ARRAY ARRAY['1', '1.50', 'a', 'a"b', 't', '2026-01-02', '2026-01-02 03:04:05.6+00',
        '10:11:12', '10:11:12+01', '1 day', '(1,2)', '(1,2),(3,4)', '((1,2),(3,4))', '{1,2,3}', '<(1,2),3>',
        '[(1,2),(3,4)]', '10.0.0.1', '10.0.0.0/8', '::1', '08:00:2b:01:02:03',
        '08:00:2b:01:02:03:04:05', '<a>1</a>', '"a"=>"1"', '101', '0/1A', '10:20:10,14,15',
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\x00ff', '[1,5)', '[2026-01-01,2026-02-01)',
        '{[1,2),[5,7)}', '{"a":[1,null]}', '978-0-393-04002-9', 'M-2306-7071-2', '1436-4522',
        '9771436452008', '220500896336', '$.a', 'a:1', 'a & b', 'a.b', 'a ~ b', '1 .. 2',
        'infinity', 'NaN', '-Infinity', '4294967295', '1e301', '0.1', '{}', '(0,1)', '16',
        'postgres=r/postgres'] LOOP
      BEGIN
        EXECUTE format('SELECT %L::text::%s', candidate, type);  -- As the INSERT below casts.
        found := found || candidate;
      EXCEPTION WHEN OTHERS THEN NULL;
      END;
    END LOOP;
    RETURN found;
  END $f$)sql";

class DocumentAllTypes : public DocumentTest {
 protected:
  void SetUp() override {
    DocumentTest::SetUp();
    sandbox_.Exec("CREATE SCHEMA x");
    sandbox_.Exec(
        "DO $$ DECLARE e text; BEGIN FOR e IN SELECT name FROM pg_available_extensions WHERE name "
        "IN ('hstore', 'citext', 'ltree', 'isn', 'cube', 'seg', 'lo', 'earthdistance', 'vector') "
        "ORDER BY name LOOP EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA x', e); END "
        "LOOP; END $$");
    sandbox_.Exec(kSamples);
  }

  /// Returns what differs between the documents of one type and to_json(); empty if nothing does.
  std::string Differences(const std::string& type) {
    sandbox_.Exec("DROP SCHEMA IF EXISTS y CASCADE; CREATE SCHEMA y");
    sandbox_.Exec("CREATE DOMAIN y.d AS " + type + "; CREATE TYPE y.c AS (f " + type + ", g " +
                  type + "[])");
    sandbox_.Exec("CREATE TABLE y.t (id serial PRIMARY KEY, v " + type + ", a " + type + "[], b " +
                  type + "[], d y.d, e y.d[], c y.c, k y.c[])");
    sandbox_.Exec(
        "INSERT INTO y.t (v, a, b, d, e, c, k) SELECT v, ARRAY[v, NULL], ARRAY[[v, NULL], "
        "[NULL, v]], v, ARRAY[v]::y.d[], ROW(v, ARRAY[v])::y.c, ARRAY[ROW(v, NULL)::y.c, "
        "NULL] FROM (SELECT s::" +
        type + " AS v FROM unnest(public.samples('" + type +
        "'::regtype)) s UNION ALL SELECT NULL) n");
    const auto plan = PlanOfTable("y.t");
    if (plan == nullptr) return type + ": no plan";
    std::string differences;
    for (const auto& [id, document] : ReadAll(*plan)) {
      const pg::Result rows = sandbox_.session().ExecParams(
          "SELECT m.name, coalesce($1::jsonb -> m.name, $1::jsonb -> ('__raw:' || m.name))::text, "
          "m.wanted::jsonb::text FROM y.t, LATERAL (VALUES ('v', to_json(v)), ('a', to_json(a)), "
          "('b', to_json(b)), ('d', to_json(d)), ('e', to_json(e)), ('c', to_json(c)), ('k', "
          "to_json(k))) AS m(name, wanted) WHERE id = $2::int AND coalesce($1::jsonb -> m.name, "
          "$1::jsonb -> ('__raw:' || m.name))::text IS DISTINCT FROM coalesce(m.wanted, "
          "'null')::jsonb::text",
          {document, id});
      for (std::size_t row = 0; row < rows.rows(); ++row) {
        differences += type + "." + std::string(rows.Text(row, 0)) + ": " +
                       std::string(rows.Text(row, 1)) + " instead of " +
                       std::string(rows.Text(row, 2)) + "\n";
      }
    }
    return differences;
  }
};

TEST_F(DocumentAllTypes, AreWhatToJsonReturns) {
  // Ranges are objects, bytea is base64: see document_types_test.
  const pg::Result types = sandbox_.Exec(
      "SELECT format_type(t.oid, -1) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
      "WHERE t.typtype IN ('b', 'd') AND n.nspname IN ('pg_catalog', 'x') AND t.oid <> "
      "'bytea'::regtype AND NOT (t.typcategory = 'A' AND t.typsubscript = "
      "'array_subscript_handler'::regproc) AND cardinality(public.samples(t.oid)) > 0 ORDER BY 1");
  EXPECT_GT(types.rows(), 60U);
  std::string differences;
  for (std::size_t row = 0; row < types.rows(); ++row) {
    differences += Differences(std::string(types.Text(row, 0)));
  }
  EXPECT_EQ(differences, "");
}

TEST_F(DocumentAllTypes, NumbersOfAnySizeAreExact) {
  sandbox_.Exec(
      "CREATE TABLE public.n (id int PRIMARY KEY, v numeric, a numeric[]); INSERT INTO public.n "
      "VALUES (1, '1e301', ARRAY['1e400', 1.50, NULL, 'NaN']::numeric[]), (2, ('0.' || "
      "repeat('12', "
      "200))::numeric, '{{1,2},{3,4}}'), (3, '-1e400', '{}'), (4, repeat('9', 1200)::numeric, "
      "NULL)");
  const auto plan = PlanOfTable("n");
  ASSERT_NE(plan, nullptr);
  const auto documents = ReadAll(*plan);
  const std::string zeros(400, '0');
  EXPECT_EQ(documents.at("1"), R"({"id":1,"v":1)" + zeros.substr(0, 301) + ",\"a\":[1" + zeros +
                                   R"(,1.50,null,"NaN"],"__id":"1"})");
  EXPECT_THAT(documents.at("2"), ::testing::HasSubstr(R"("a":[[1,2],[3,4]])"));
  EXPECT_THAT(documents.at("2"), ::testing::HasSubstr("\"v\":0.1212"));
  EXPECT_THAT(documents.at("3"), ::testing::HasSubstr("\"v\":-1000"));
  EXPECT_THAT(documents.at("4"), ::testing::HasSubstr("\"v\":\"999"));
}

}  // namespace
}  // namespace pgsluice::plan
