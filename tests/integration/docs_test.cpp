// Examples in docs/ do what the text says.

#include "pgsluice/json/equal.h"
#include "pgsluice/json/value.h"
#include "support/blocks.h"
#include "support/cli_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Docs : public CliFixture {
 protected:
  /// Returns what `config import-pgsync` makes of an example, which may be a whole file, a root
  /// node or a child of a book.
  Outcome Import(const std::string& example, const std::string& index) {
    const json::Value value = json::Parse(example);
    std::string nodes = example;
    if (value.Find("relationship") != nullptr) {
      nodes = R"({"table": "book", "children": [)" + example + "]}";
    }
    std::ofstream(directory_ + "/schema.json")
        << (value.IsArray() ? example
                            : R"([{"index": ")" + index + R"(", "nodes": )" + nodes + "}]");
    return Run({"config", "import-pgsync", "schema.json"});
  }
  /// Returns the documents of an index, read from the database with the present configuration.
  json::Value Documents(const std::string& index) {
    const Outcome outcome = Run({"preview", index, "--limit", "10", "--json"},
                                {{"PGSLUICE_DATABASE_URL", database_.url()},
                                 {"PGSLUICE_ELASTICSEARCH_URL", "http://127.0.0.1:9"}});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.code == 0 ? json::Parse(outcome.out) : json::Value();
  }

  PgSandbox database_;
};

constexpr const char* kRows = R"sql(
  INSERT INTO publisher VALUES (1, 'Kiepenheuer', true), (2, 'Hanser', false);
  INSERT INTO book VALUES
    ('1', 7, 'One', 'first', '{"size": {"height": 30}, "shelf": {"code": "A1"}}', NULL, 1),
    ('2', 7, 'Two', NULL, NULL, NULL, NULL);
  INSERT INTO author VALUES (1, 'Ada', 'Love-Lace', '1815-12-10'), (2, NULL, 'Hopper', NULL);
  INSERT INTO book_author VALUES ('1', 1), ('1', 2);
  INSERT INTO reviews.rating VALUES (1, '1', 5, 'good', false, '2024-01-01');
  INSERT INTO edition VALUES ('1', 1, 1999), ('1', 2, 2001);
  INSERT INTO printing VALUES (1, '1', 2, '2001-01-01'))sql";

TEST_F(Docs, SchemasOfPgsyncAreTranslatedToWhatFitsTheirTables) {
  int pairs = 0, ours = 0;
  std::string example;
  for (const Block& block : BlocksOf("docs/pgsync.md")) {
    SCOPED_TRACE("docs/pgsync.md:" + std::to_string(block.line));
    if (block.info == "sql") {
      database_.Exec(block.text);
      database_.Exec(kRows);
    }
    if (block.info != "json") continue;
    const json::Value value = json::Parse(block.text);
    if (value.Find("indexes") == nullptr) {
      example = block.text;
      continue;
    }
    ++ours;
    Configure(block.text);
    const Outcome outcome = RunOn(database_, {"config", "check"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("warning: indexes")));
    if (example.empty()) continue;
    ++pairs;
    const std::string index = value.Find("indexes")->members.front().first;
    const json::Value expected = Documents(index);
    const Outcome imported = Import(example, index);
    EXPECT_EQ(imported.code, 0) << imported.err;
    Configure(imported.out);
    EXPECT_TRUE(json::Equal(Documents(index), expected)) << imported.out;
    example.clear();
  }
  EXPECT_GE(pairs, 6);
  EXPECT_GE(ours, 7);
}

}  // namespace
}  // namespace pgsluice::testing
