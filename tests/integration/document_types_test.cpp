#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "integration/document_test_support.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/engine/index_body.h"
#include "pgsluice/http/transport.h"
#include "pgsluice/json/value.h"

namespace pgsluice::plan {
namespace {

/// One value of a type and its form in the document.
struct Sample {
  const char* type;
  const char* literal;  ///< SQL.
  const char* member;   ///< What follows `"v":`, or `,"__raw:v":…` if it begins with `,`.
};

const Sample kExact[] = {
    {"smallint", "-32768", "-32768"},
    {"bigint", "9223372036854775807", "9223372036854775807"},
    {"numeric", "12345678901234567890.12345678901234567890",
     "12345678901234567890.12345678901234567890"},
    {"numeric", "'NaN'", "\"NaN\""},
    {"numeric(10,2)", "1.50", "1.50"},
    {"float8", "0.1", "0.1"},
    {"float8", "'-Infinity'", "\"-Infinity\""},
    {"bool", "true", "true"},
    {"text", "E'a\"b\\nc'", "\"a\\\"b\\nc\""},
    {"text", "NULL", "null"},
    {"varchar(5)", "'ä'", "\"ä\""},
    {"char(3)", "'a'", "\"a  \""},
    {"uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""},
    {"date", "'2026-02-03'", "\"2026-02-03\""},
    {"date", "'infinity'", "\"infinity\""},
    {"timestamptz", "'2026-02-03 04:05:06.789012+02'", "\"2026-02-03T02:05:06.789012+00:00\""},
    {"timestamp", "'0044-03-15 BC'", "\"0044-03-15T00:00:00 BC\""},
    {"timestamp", "'294276-12-31 23:59:59'", "\"294276-12-31T23:59:59\""},
    {"time", "'04:05:06'", "\"04:05:06\""},
    {"interval", "'1 day 02:00'", "\"1 day 02:00:00\""},
    {"money", "12.5", "\"$12.50\""},
    {"bytea", "'\\x000102'", "\"AAEC\""},
    {"bit(3)", "B'101'", "\"101\""},
    {"inet", "'10.0.0.1/24'", "\"10.0.0.1/24\""},
    {"cidr", "'10.0.0.0/8'", "\"10.0.0.0/8\""},
    {"macaddr", "'08:00:2b:01:02:03'", "\"08:00:2b:01:02:03\""},
    {"point", "'(1,2)'", "\"(1,2)\""},
    {"xml", "'<a>1</a>'", "\"<a>1</a>\""},
    {"int[]", "'{1,NULL,3}'", "[1,null,3]"},
    {"int[]", "'{}'", "[]"},
    {"int[]", "'{{1,2},{3,4}}'", "[[1,2],[3,4]]"},
    {"text[]", "ARRAY['a\"','b']", "[\"a\\\"\",\"b\"]"},
    {"bytea[]", "ARRAY['\\x00'::bytea, NULL]", "[\"AA==\",null]"},
    {"numeric[]", "'{1.50,NaN}'", "[1.50,\"NaN\"]"},
    {"jsonb", "'{\"a.b\": 1e3, \"c\": [1]}'", "{\"c\": [1], \"a.b\": 1000}"},
    {"json", "E'{\"a\":\\n1,\"a\":2}'", "{\"a\": 2}"},
    {"json", "NULL", "null"},
    {"jsonb", "NULL", "null"},
    {"jsonb", "'null'", "null"},
    {"jsonb", "'[{\"a\":1},null]'", "[{\"a\": 1}, null]"},
    {"jsonb", "'null'", "null"},
    {"int4range", "'[1,5)'", "{\"gte\":1,\"lt\":5}"},
    {"int4range", "'(,5)'", "{\"lt\":5}"},
    {"int4range", "'(,)'", "{}"},
    {"numrange", "'(1.5,2]'", "{\"gt\":1.5,\"lte\":2}"},
    {"daterange", "'[2026-01-01,infinity)'", "{\"gte\":\"2026-01-01\"}"},
    {"tstzrange", "'[2026-01-01 00:00+00,2026-01-02 00:00+00)'",
     "{\"gte\":\"2026-01-01T00:00:00+00:00\",\"lt\":\"2026-01-02T00:00:00+00:00\"}"},
    {"int4multirange", "'{[1,2),[5,7)}'", "[{\"gte\":1,\"lt\":2},{\"gte\":5,\"lt\":7}]"},
    {"int4range[]", "ARRAY['[1,2)'::int4range, NULL]", "[{\"gte\":1,\"lt\":2},null]"},
};

const Sample kKeptAside[] = {
    {"jsonb", "'5'", ",\"__raw:v\":5"},
    {"jsonb", "'[1,2]'", ",\"__raw:v\":[1, 2]"},
    {"jsonb", "'\"x\"'", ",\"__raw:v\":\"x\""},
    {"json", "'{\"a\":\"\\u0000\"}'", ",\"__raw:v\":\"{\\\"a\\\":\\\"\\\\u0000\\\"}\""},
    {"int4range", "'empty'", ",\"__raw:v\":{\"empty\":true}"},
    {"numrange", "'(1,1.0000000000000000001)'",
     ",\"__raw:v\":{\"gt\":1,\"lt\":1.0000000000000000001}"},
    {"numrange", "'[1,1e400)'", nullptr},
    {"numrange", "'[NaN,NaN]'", ",\"__raw:v\":{\"gte\":\"NaN\",\"lte\":\"NaN\"}"},
    {"tsrange", "'[2026-01-01 00:00:00.0001,2026-01-01 00:00:00.0002)'", nullptr},
    {"tsrange", "'[0044-01-01 BC,2026-01-01)'", nullptr},
    {"daterange", "'[2026-01-01,12026-01-01)'", nullptr},
    {"int4multirange", "'{}'", "[]"},
};

class DocumentTypes : public DocumentTest {
 protected:
  std::string ValueOf(const Sample& sample) {
    sandbox_.Exec("DROP TABLE IF EXISTS public.t");
    sandbox_.Exec(std::string("CREATE TABLE public.t (id int PRIMARY KEY, v ") + sample.type + ")");
    sandbox_.Exec(std::string("INSERT INTO public.t VALUES (1, ") + sample.literal + ")");
    const auto plan = PlanOfTable("t");
    if (plan == nullptr) return "no plan";
    const auto by_key = Read(*plan, "[[1]]");
    EXPECT_EQ(by_key, ReadAll(*plan));
    sandbox_.Exec("DROP TABLE public.t");
    const std::string& document = by_key.at("1");
    EXPECT_EQ(document.find('\n'), std::string::npos);
    EXPECT_NO_THROW(json::Parse(document)) << document;
    const std::string before = "{\"id\":1,\"v\":";
    const std::string behind = ",\"__id\":\"1\"}";
    if (document.compare(0, before.size(), before) != 0) {
      return document.substr(7, document.size() - 7 - behind.size());
    }
    return document.substr(before.size(), document.size() - before.size() - behind.size());
  }
};

TEST_F(DocumentTypes, HoldTheirExactValues) {
  for (const Sample& sample : kExact) {
    EXPECT_EQ(ValueOf(sample), sample.member) << sample.type << " " << sample.literal;
  }
}

TEST_F(DocumentTypes, KeepAsideWhatTheEnginesRefuse) {
  for (const Sample& sample : kKeptAside) {
    const std::string value = ValueOf(sample);
    if (sample.member != nullptr) {
      EXPECT_EQ(value, sample.member) << sample.type << " " << sample.literal;
    } else {
      EXPECT_THAT(value, ::testing::StartsWith(",\"__raw:v\":{"))
          << sample.type << " " << sample.literal;
    }
  }
}

TEST_F(DocumentTypes, MakeHugeNumbersAndDeepJsonParsable) {
  EXPECT_THAT(ValueOf({"numeric", "repeat('9', 1200)::numeric", ""}),
              ::testing::StartsWith("\"999"));
  EXPECT_THAT(ValueOf({"jsonb", "(repeat('{\"a\":', 300) || '1' || repeat('}', 300))::jsonb", ""}),
              ::testing::StartsWith(",\"__raw:v\":\"{"));
  EXPECT_THAT(ValueOf({"jsonb", "jsonb_build_object('a', repeat('x', 33000))", ""}),
              ::testing::StartsWith(",\"__raw:v\":{"));
  EXPECT_THAT(ValueOf({"jsonb", "jsonb_build_object('a', repeat('9', 1100)::numeric)", ""}),
              ::testing::StartsWith(",\"__raw:v\":\"{"));
  EXPECT_THAT(ValueOf({"json", "'{\"a\":1e99999}'", ""}),
              ::testing::StartsWith(",\"__raw:v\":\"{"));
}

TEST_F(DocumentTypes, CoverUserTypesAndExtensions) {
  sandbox_.Exec(
      "CREATE SCHEMA s; CREATE TYPE s.mood AS ENUM ('sad', 'ok'); CREATE TYPE s.pair AS (a int, b "
      "text); CREATE DOMAIN s.amount AS numeric(8,2); CREATE EXTENSION hstore SCHEMA s; CREATE "
      "EXTENSION citext SCHEMA s; CREATE EXTENSION ltree SCHEMA s");
  const Sample samples[] = {
      {"s.mood", "'ok'", "\"ok\",\"__enum\":{\"v\":2}"},
      {"s.mood[]", "'{ok,sad}'", "[\"ok\",\"sad\"]"},
      {"s.pair", "'(1,x)'", "{\"a\": 1, \"b\": \"x\"}"},
      {"s.pair[]", "ARRAY['(1,x)'::s.pair]", "[{\"a\": 1, \"b\": \"x\"}]"},
      {"s.amount", "7", "7.00"},
      {"s.hstore", "'a=>1, b=>NULL'", "{\"a\": \"1\", \"b\": null}"},
      {"s.citext", "'Ab'", "\"Ab\""},
      {"s.ltree", "'a.b'", "\"a.b\""},
  };
  for (const Sample& sample : samples) {
    EXPECT_EQ(ValueOf(sample), sample.member) << sample.type << " " << sample.literal;
  }
}

TEST_F(DocumentTypes, AreAcceptedByTheEngine) {
  std::string columns = "id int PRIMARY KEY";
  std::string values = "1";
  std::size_t number = 0;
  const auto add = [&](const Sample& sample) {
    columns += ", c" + std::to_string(number++) + " " + sample.type;
    values += std::string(", ") + sample.literal;
  };
  for (const Sample& sample : kExact) add(sample);
  for (const Sample& sample : kKeptAside) add(sample);
  add({"numeric", "repeat('9', 1200)::numeric", ""});
  add({"numeric", "1e400", ""});
  add({"text", "repeat('x', 1000000)", ""});
  add({"text[]", "ARRAY[repeat('x', 40000)]", ""});
  add({"jsonb", "(repeat('{\"a\":', 3000) || '1' || repeat('}', 3000))::jsonb", ""});
  add({"jsonb", "jsonb_build_object('a', repeat('x', 40000))", ""});
  add({"jsonb", "jsonb_build_object(repeat('k', 40000), 1)", ""});
  sandbox_.Exec("CREATE TABLE public.t (" + columns + "); INSERT INTO public.t VALUES (" + values +
                ")");
  const auto plan = PlanOfTable("t");
  const char* url = std::getenv("PGSLUICE_ELASTICSEARCH_URL");
  ASSERT_NE(url, nullptr) << "set by scripts/services env";
  http::ClientOptions options;
  options.urls = {url};
  engine::Engine engine(http::MakeClient(options));
  const engine::Flavor flavor = engine.Detect();
  const std::string index = "document_types_" + std::to_string(::getpid());
  engine.CreateIndex(index, engine::IndexBody(*plan, config::Config(), flavor));
  engine.SwapAlias(index + "_alias", {}, index);
  engine::BulkBody body(index + "_alias");
  body.Index("1", Read(*plan, "[[1]]").at("1"), 1);
  const engine::BulkResult result = engine.Bulk(body, std::chrono::seconds(30));
  engine.DeleteIndex(index);
  EXPECT_TRUE(result.all_done) << (result.items.empty() ? "" : result.items[0].error);
}

}  // namespace
}  // namespace pgsluice::plan
