#include "app/commands/status_text.h"

#include <gmock/gmock.h>

#include <sstream>

namespace pgsluice::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Printed(const std::string& status) {
  std::ostringstream out;
  PrintStatus(json::Parse(status), out);
  return out.str();
}

TEST(StatusText, DurationsAsPeopleSayThem) {
  EXPECT_EQ(Duration(0), "0 ms");
  EXPECT_EQ(Duration(9999), "9999 ms");
  EXPECT_EQ(Duration(61'000), "61 s");
  EXPECT_EQ(Duration(600'000), "10 min");
  EXPECT_EQ(Duration(5'400'000), "1 h 30 min");
}

TEST(StatusText, WithoutTroubleItShowsNone) {
  const std::string text = Printed(
      R"({"phase":"live","reason":"","lag_ms":12,"pending":0,"dead_letters":0,"indexes":{"a":{)"
      R"("state":"live","reason":"","documents":5,"pending":0,"dead_letters":0,"backfill":null}},)"
      R"("tables":{"public.a":{"attached":true}},"versions":{"pgsluice":"1"}})");
  EXPECT_THAT(text, HasSubstr("phase live, lag 12 ms, 0 pending, 0 dead letters\nindexes\n"));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("wrong")), Not(HasSubstr("do:"))));
}

TEST(StatusText, ADeadEngineAndADeadDatabaseSayWhatToDo) {
  const std::string engine =
      Printed(R"({"phase":"degraded","reason":"engine: http://e:9200: refused","lag_ms":5400000,)"
              R"("pending":7,"dead_letters":0,"indexes":{}})");
  EXPECT_THAT(engine, HasSubstr("phase degraded, lag 1 h 30 min, 7 pending"));
  EXPECT_THAT(engine,
              HasSubstr("  wrong: engine: http://e:9200: refused\n  do:    nothing is lost"));
  const std::string database =
      Printed(R"({"phase":"degraded","reason":"database: cannot connect","indexes":{}})");
  EXPECT_THAT(database, HasSubstr("phase degraded\n  wrong: database: cannot connect\n  do:    "));
  EXPECT_THAT(database, Not(HasSubstr("?")));
}

TEST(StatusText, StoppedDeadLettersStuckBackfillsAndRefusedMappings) {
  const std::string text = Printed(
      R"({"phase":"stopped","reason":"","lag_ms":0,"pending":0,"dead_letters":3,"indexes":{)"
      R"("a":{"state":"backfilling","reason":"","documents":null,"pending":0,"dead_letters":3,)"
      R"("backfill":{"done":10,"total":90,"eta_s":null,"idle_s":700}},)"
      R"("b":{"state":"reindex_needed","reason":"the mapping no longer fits",)"
      R"j("remedy":"pgsluice reindex b (searches continue meanwhile)","documents":1,)j"
      R"("pending":0,"dead_letters":0,"backfill":null}}})");
  EXPECT_THAT(text,
              HasSubstr("no process syncs; changes wait in the outbox\n  do:    pgsluice run\n"));
  EXPECT_THAT(text, HasSubstr("pgsluice dead-letters retry --all"));
  EXPECT_THAT(text, HasSubstr("backfill: 10 of 90\n    wrong: no progress for 11 min\n"));
  EXPECT_THAT(text, HasSubstr("wrong: the mapping no longer fits\n    do:    pgsluice reindex b "));
}

TEST(StatusText, PrintsNoControlCharacters) {
  const std::string text =
      Printed(R"({"phase":"live\u001b[1m","reason":"sync: a\u001b[2Jb\nc","lag_ms":0,"indexes":{)"
              R"("a\u0007b":{"state":"broken","reason":"c\u009bd","remedy":"e\rf","documents":1}},)"
              R"("tables":{"t\u001b]0;x":{"attached":true}},"versions":{"engine":"x\u001by"}})");
  for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << text;
  EXPECT_THAT(text, Not(HasSubstr("\xc2\x9b")));
  EXPECT_THAT(text, HasSubstr("a\\x1b[2Jb\\x0ac"));
}

TEST(StatusText, AReindexSaysHowFarTheNextIndexIs) {
  const std::string begin =
      R"({"phase":"live","reason":"","indexes":{"a":{"state":"reindexing","reason":"",)"
      R"("building":"a-000002","documents":1,"pending":0,"dead_letters":0,"backfill":)";
  EXPECT_THAT(Printed(begin + R"({"done":10,"total":90,"eta_s":3,"idle_s":0}}}})"),
              HasSubstr("    reindex: a-000002, 10 of 90, 3000 ms to go\n"));
  EXPECT_THAT(Printed(begin + "null}}}"), HasSubstr("    reindex: a-000002 is compared\n"));
}

}  // namespace
}  // namespace pgsluice::app
