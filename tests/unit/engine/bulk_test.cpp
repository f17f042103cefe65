#include "pgsluice/engine/bulk.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "pgsluice/base/error.h"

namespace pgsluice::engine {
namespace {

Disposition DispositionOf(int status, std::string_view body, std::size_t actions = 1) {
  try {
    ReadBulkAnswer(status, body, actions);
  } catch (const Error& e) {
    return e.disposition();
  }
  throw std::logic_error("no error was thrown");
}

TEST(BulkBody, ADocumentCannotBeginAnotherAction) {
  BulkBody body("things");
  body.Index("1", "{\"x\":\n1}\n{\"delete\":{\"_id\":\"2\"}}", 1);
  EXPECT_EQ(std::count(body.text().begin(), body.text().end(), '\n'), 2);
}

TEST(BulkBody, WritesOneActionPerLine) {
  BulkBody body("things");
  body.Index("a\"b", R"({"x":1})", 281474976710657, "r1", "p");
  body.Delete("2", 7, "r2");
  EXPECT_EQ(
      body.text(),
      R"({"index":{"_id":"a\"b","version":281474976710657,"version_type":"external_gte","routing":"r1","pipeline":"p"}})"
      "\n"
      R"({"x":1})"
      "\n"
      R"({"delete":{"_id":"2","version":7,"version_type":"external_gte","routing":"r2"}})"
      "\n");
  EXPECT_EQ(body.size(), 2U);
  body.Clear();
  EXPECT_TRUE(body.empty());
  EXPECT_EQ(body.bytes(), 0U);
}

TEST(ReadBulkAnswer, TakesTheFastPath) {
  const BulkResult result =
      ReadBulkAnswer(200, R"({"errors":false,"items":[{"index":{"status":201}}]})", 1);
  EXPECT_TRUE(result.all_done);
  EXPECT_TRUE(result.items.empty());
}

TEST(ReadBulkAnswer, DistinguishesOutcomes) {
  const BulkResult result = ReadBulkAnswer(200, R"({"errors":true,"items":[
      {"index":{"status":201}},
      {"index":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"newer"}}},
      {"delete":{"status":404}},
      {"index":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"bad date"}}},
      {"index":{"status":429,"error":{"type":"cluster_block_exception","reason":"flood stage"}}},
      {"index":{"status":503,"error":{"type":"unavailable_shards_exception","reason":"primary"}}},
      {"index":{"status":400,"error":{"type":"index_closed_exception","reason":"closed"}}},
      {"index":{"status":409,"error":{"type":"something_else","reason":"odd"}}},
      {"index":{}}, {}]})",
                                           10);
  ASSERT_EQ(result.items.size(), 10U);
  const auto outcome = [&](std::size_t i) { return result.items[i].outcome; };
  EXPECT_EQ(outcome(0), Outcome::kDone);
  EXPECT_EQ(outcome(1), Outcome::kDone);
  EXPECT_EQ(outcome(2), Outcome::kDone);
  EXPECT_EQ(outcome(3), Outcome::kRejected);
  EXPECT_EQ(result.items[3].error, "mapper_parsing_exception: bad date");
  EXPECT_EQ(result.items[3].status, 400);
  for (std::size_t i = 4; i < 10; ++i) EXPECT_EQ(outcome(i), Outcome::kRetry) << i;
  EXPECT_FALSE(result.index_missing);
}

TEST(ReadBulkAnswer, ReportsThatTheIndexIsMissing) {
  const std::string item =
      R"({"index":{"status":404,"error":{"type":"index_not_found_exception","reason":"no such index"}}})";
  const BulkResult result = ReadBulkAnswer(200, R"({"errors":true,"items":[)" + item + "]}", 1);
  EXPECT_TRUE(result.index_missing);
  EXPECT_EQ(result.items[0].outcome, Outcome::kRetry);
  EXPECT_TRUE(
      ReadBulkAnswer(404, R"({"error":{"type":"index_not_found_exception"},"status":404})", 1)
          .index_missing);
}

TEST(ReadBulkAnswer, AnAliasWithoutAWriteIndexIsNotTheDocumentsFault) {
  const BulkResult result = ReadBulkAnswer(
      200,
      R"({"errors":true,"items":[{"index":{"status":400,"error":{"type":"illegal_argument_exception",)"
      R"("reason":"no write index is defined for alias [a]. The write index may be …"}}}]})",
      1);
  EXPECT_TRUE(result.index_missing);
  EXPECT_EQ(result.items[0].outcome, Outcome::kRetry);
}

TEST(ReadBulkAnswer, HalvesWhatTheEngineRefusesAsAWhole) {
  EXPECT_TRUE(ReadBulkAnswer(413, "", 5).too_large);
  const std::string refused =
      R"({"error":{"type":"illegal_argument_exception","reason":"id is too long"},"status":400})";
  EXPECT_TRUE(ReadBulkAnswer(400, refused, 5).too_large);
  const BulkResult single = ReadBulkAnswer(400, refused, 1);
  EXPECT_FALSE(single.too_large);
  ASSERT_EQ(single.items.size(), 1U);
  EXPECT_EQ(single.items[0].outcome, Outcome::kRejected);
  EXPECT_EQ(single.items[0].error, "illegal_argument_exception: id is too long");
}

TEST(ReadBulkAnswer, NeverTreatsAnUnknownAnswerAsSuccess) {
  EXPECT_EQ(DispositionOf(429, "{}"), Disposition::kRetry);
  EXPECT_EQ(DispositionOf(503, "<html>"), Disposition::kRetry);
  EXPECT_EQ(DispositionOf(200, "<html>"), Disposition::kRetry);
  EXPECT_EQ(DispositionOf(200, ""), Disposition::kRetry);
  EXPECT_EQ(DispositionOf(200, R"({"errors":false,"items":[{"ind)"), Disposition::kRetry);
  EXPECT_EQ(DispositionOf(200, R"({"took":1})"), Disposition::kRetry);
  EXPECT_EQ(DispositionOf(200, R"({"errors":true,"items":[{"index":{"status":200}}]})", 2),
            Disposition::kRetry);
  EXPECT_EQ(DispositionOf(400, "{}", 3), Disposition::kRetry);
  EXPECT_EQ(DispositionOf(404, "{}"), Disposition::kRetry);
  EXPECT_EQ(DispositionOf(401, R"({"error":{"type":"security_exception","reason":"no"}})"),
            Disposition::kFatal);
  EXPECT_EQ(DispositionOf(403, "no"), Disposition::kRetry);  // Possibly about this index only.
  // Expired credentials are renewed by their provider.
  EXPECT_EQ(
      DispositionOf(403, R"({"message":"The security token included in the request is expired"})"),
      Disposition::kRetry);
}

}  // namespace
}  // namespace pgsluice::engine
