// What config check reports about definitions that read the clock.

#include <gmock/gmock.h>

#include "document_test_support.h"

namespace pgsluice::plan {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DocumentTime : public DocumentTest {
 protected:
  void SetUp() override {
    DocumentTest::SetUp();
    sandbox_.Exec(
        "CREATE TABLE public.post (id int PRIMARY KEY, day date, at timestamptz, size int)");
    sandbox_.Exec(
        "CREATE FUNCTION public.setting(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1'");
    sandbox_.Exec(
        "CREATE FUNCTION public.twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1'");
    sandbox_.Exec("CREATE VIEW public.posts AS SELECT id, at FROM public.post");
  }
  static config::Index Post() {
    config::Index index;
    index.name = "posts";
    index.place = "indexes.posts";
    index.table = "post";
    return index;
  }
  /// The findings of an index, one per line.
  std::string ProblemsOf(const config::Index& index) {
    config::Config config;
    config.all_tables = false;
    config.indexes = {index};
    Plans(config);
    std::string lines;
    for (const config::Finding& finding : findings_) {
      lines += finding.place + (finding.warning ? ": warning: " : ": ") + finding.message + "; " +
               finding.hint + "\n";
    }
    return lines;
  }
};

TEST_F(DocumentTime, WarnsOfTheClockWithoutRefreshAt) {
  for (const char* sql :
       {"now() - root.at", "current_date - root.day", "age(root.at)", "public.setting(root.id)"}) {
    config::Index index = Post();
    index.fields = {{"x", {sql, "keyword"}}};
    EXPECT_THAT(ProblemsOf(index), HasSubstr("warning")) << sql;
    EXPECT_THAT(ProblemsOf(index), HasSubstr("\"refresh_at\"")) << sql;
    index.refresh_at = "at";
    EXPECT_THAT(ProblemsOf(index), IsEmpty()) << sql;
  }
}

TEST_F(DocumentTime, DoesNotWarnOfWhatOnlyTheRowDecides) {
  for (const char* sql : {"public.twice(root.size)", "age(root.at, root.at)",
                          "concat(root.id, '-', root.day)", "to_char(root.at, 'YYYY')"}) {
    config::Index index = Post();
    index.fields = {{"x", {sql, "keyword"}}};
    EXPECT_THAT(ProblemsOf(index), IsEmpty()) << sql;
  }
}

TEST_F(DocumentTime, RefreshAtIsATimestamptz) {
  config::Index index = Post();
  index.refresh_at = "day";
  EXPECT_THAT(ProblemsOf(index), HasSubstr("write a timestamptz over the table's columns"));
  index.refresh_at = "nothing";
  EXPECT_THAT(ProblemsOf(index), HasSubstr("indexes.posts.refresh_at"));
  index.refresh_at = "at; DROP TABLE post";
  EXPECT_THAT(ProblemsOf(index), HasSubstr("contains a semicolon"));
}

TEST_F(DocumentTime, RefreshAtNeedsAKey) {
  sandbox_.Exec("CREATE TABLE public.line (at timestamptz)");
  config::Index index = Post();
  index.table = "line";
  index.refresh_at = "at";
  EXPECT_THAT(ProblemsOf(index), HasSubstr("has no key"));
}

TEST_F(DocumentTime, RefreshEveryIsForViews) {
  config::Index index = Post();
  index.refresh_every = std::chrono::seconds(10);
  EXPECT_THAT(ProblemsOf(index), HasSubstr("is a table"));
  index.table = "posts";
  index.key = {"id"};
  EXPECT_THAT(ProblemsOf(index), IsEmpty());
}

}  // namespace
}  // namespace pgsluice::plan
