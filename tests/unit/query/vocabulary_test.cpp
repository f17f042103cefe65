#include "pgsluice/query/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/fold.h"

namespace pgsluice::query {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Fold, ComparesWordsWithoutCaseAndAccents) {
  EXPECT_EQ(Folded("Größe ÀÉÎõü Çelik Łódź"), "grosse aeiou celik lodz");
  EXPECT_EQ(Folded("ΑΒΓ ЖУК Ёж"), "αβγ жук ёж");
  EXPECT_EQ(Folded("e\xCC\x81"), "e") << "an accent that stands alone";
  EXPECT_EQ(Folded("東京"), "東京");
  EXPECT_EQ(Folded("\xFF"), "\xFF") << "not UTF-8";
  EXPECT_THAT(FoldedWords("Wi-Fi, T.V. & co"), ElementsAre("wi", "fi", "t", "v", "co"));
  EXPECT_EQ(CountCharacters("서울역"), 3U);
  EXPECT_EQ(ToUtf8(Characters("aß東😀")), "aß東😀");
}

TEST(Fold, KnowsOneTypo) {
  const auto apart = [](const char* a, const char* b) {
    return IsOneTypoApart(Characters(a), Characters(b));
  };
  EXPECT_TRUE(apart("sofa", "soffa"));
  EXPECT_TRUE(apart("sofa", "ofa"));
  EXPECT_TRUE(apart("sofa", "sofe"));
  EXPECT_TRUE(apart("sofa", "osfa"));
  EXPECT_TRUE(apart("größe", "groöße"));
  EXPECT_FALSE(apart("sofa", "sofa"));
  EXPECT_FALSE(apart("sofa", "saof"));
  EXPECT_FALSE(apart("sofa", "sofaaa"));
}

config::Search WithSynonyms(const std::vector<std::string>& lines) {
  config::Search search;
  search.synonyms = lines;
  return search;
}

TEST(Vocabulary, ExpandsWordsAndRunsOfWords) {
  const Vocabulary vocabulary(WithSynonyms({"TV, television", "notebook => laptop, new computer",
                                            "nyc, new york", "new york city => big apple"}));
  const auto texts = [&](const std::vector<std::string>& words, bool typos = true) {
    std::vector<std::string> found;
    for (const auto& expansion : vocabulary.Expand(words, typos)) {
      for (const std::string& text : expansion.texts) {
        found.push_back(std::to_string(expansion.first) + "+" + std::to_string(expansion.count) +
                        " " + text);
      }
    }
    return found;
  };
  EXPECT_THAT(texts({"tv", "stand"}), ElementsAre("0+1 television"));
  EXPECT_THAT(texts({"a", "notebook"}), ElementsAre("1+1 laptop", "1+1 new computer"));
  EXPECT_THAT(texts({"laptop"}), IsEmpty());
  EXPECT_THAT(texts({"in", "new", "york"}), ElementsAre("1+2 nyc"));
  EXPECT_THAT(texts({"new", "york", "city"}), ElementsAre("0+2 nyc", "0+3 big apple"));
  EXPECT_THAT(texts({"televison"}), ElementsAre("0+1 TV", "0+1 television"));
  EXPECT_THAT(texts({"televison"}, false), IsEmpty());
  EXPECT_THAT(texts({"tw"}), IsEmpty()) << "too short for a typo";
}

TEST(Vocabulary, HasStopWordsOnlyIfThereIsAList) {
  EXPECT_EQ(Vocabulary().IsStopWord("the"), std::nullopt);
  config::Search search;
  search.stop_words = {"The", "où"};
  const Vocabulary vocabulary(search);
  EXPECT_EQ(vocabulary.IsStopWord("the"), true);
  EXPECT_EQ(vocabulary.IsStopWord("ou"), true);
  EXPECT_EQ(vocabulary.IsStopWord("fox"), false);
}

}  // namespace
}  // namespace pgsluice::query
