#include "query/json_cursor.h"

#include <gtest/gtest.h>

#include <random>

#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::query {
namespace {

std::string RandomText(std::minstd_rand& random) {
  static constexpr std::string_view kLetters = "\\\\\\\"\"{}[],: a\n";
  std::string text;
  for (auto n = random() % 12; n > 0; --n) text += kLetters[random() % kLetters.size()];
  return text;
}

std::string RandomValue(std::minstd_rand& random, int depth) {
  const auto kind = random() % (depth > 3 ? 3 : 5);
  if (kind == 0) return std::to_string(random());
  if (kind <= 2) return json::Quote(RandomText(random));
  std::string out(1, kind == 3 ? '[' : '{');
  for (auto n = random() % 4; n > 0; --n) {
    if (out.size() > 1) out += random() % 2 == 0 ? "," : " , ";
    if (kind == 4) out += json::Quote(std::to_string(n) + RandomText(random)) + ": ";
    out += RandomValue(random, depth + 1);
  }
  return out + (kind == 3 ? ']' : '}');
}

TEST(JsonCursorTest, StepsOverMembersAsTheParserDoes) {
  const unsigned seed = std::random_device{}();
  std::minstd_rand random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::string text = "{";
    for (auto n = random() % 5; n > 0; --n) {
      text += json::Quote(std::to_string(n) + RandomText(random)) + ":" + RandomValue(random, 0);
      if (n > 1) text += ',';
    }
    text += '}';
    const json::Value parsed = json::Parse(text);
    JsonCursor cursor(text);
    ASSERT_TRUE(cursor.Enter('{'));
    std::string_view name;
    for (const auto& [wanted, value] : parsed.members) {
      ASSERT_TRUE(cursor.NextMember(name)) << text << " seed " << seed;
      ASSERT_EQ('"' + std::string(name) + '"', json::Quote(wanted)) << text << " seed " << seed;
      ASSERT_EQ(cursor.Skip(), text.substr(value.begin, value.end - value.begin))
          << text << " seed " << seed;
    }
    ASSERT_FALSE(cursor.NextMember(name)) << text << " seed " << seed;
  }
}

TEST(JsonCursorTest, NeverReadsBeyondTheEndOfWhatIsBroken) {
  const std::string text = R"({"a":"b\\\"c","d":[{"e":"f)";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const std::string part = text.substr(0, length);
    JsonCursor cursor(part);
    std::string_view name;
    cursor.Enter('{');
    for (int step = 0; step < 5 && cursor.NextMember(name); ++step) {
      EXPECT_LE(cursor.Skip().size(), length);
    }
  }
}

}  // namespace
}  // namespace pgsluice::query
