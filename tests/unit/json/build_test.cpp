#include "pgsluice/json/build.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "pgsluice/json/value.h"

namespace pgsluice::json {
namespace {

TEST(Build, MembersKeepTheirOrder) {
  ObjectPtr object = Members({{"z", 1}, {"a", true}, {"m", "text"}, {"nothing", Built()}});
  object->set("k", Items({1, "two", Members()}));
  EXPECT_EQ(ToText(object), R"({"z":1,"a":true,"m":"text","nothing":null,"k":[1,"two",{}]})");
  EXPECT_EQ(ToText(Items(std::vector<std::string>{"b", "a"})), R"(["b","a"])");
}

TEST(Build, NumbersAreWrittenWithAllTheirDigits) {
  const ObjectPtr object = Members({{"least", std::numeric_limits<std::int64_t>::min()},
                                    {"most", std::numeric_limits<std::int64_t>::max()},
                                    {"size", std::size_t{7}},
                                    {"part", 0.1},
                                    {"whole", 30.0}});
  EXPECT_EQ(ToText(object), R"({"least":-9223372036854775808,"most":9223372036854775807,)"
                            R"("size":7,"part":0.1,"whole":30})");
}

TEST(Build, TextsOfAnyBytesAreReadBackUnchanged) {
  std::string text = "\"quoted\" \\ / \xc3\xa9 \xf0\x9f\x98\x80 \x7f";
  for (char c = 0; c < 0x20; ++c) text += c;
  const Value back = Parse(ToText(Members({{text, text}})));
  ASSERT_EQ(back.members.size(), 1U);
  EXPECT_EQ(back.members[0].first, text);
  EXPECT_EQ(back.members[0].second.text, text);
}

TEST(Build, RawTextIsCopiedUnchanged) {
  const ObjectPtr object = Members({{"raw", Raw(R"({"n":123456789012345678901.50})")},
                                    {"list", Items({Raw("[]"), Raw("\"x\"")})}});
  EXPECT_EQ(ToText(object), R"({"raw":{"n":123456789012345678901.50},"list":[[],"x"]})");
}

}  // namespace
}  // namespace pgsluice::json
