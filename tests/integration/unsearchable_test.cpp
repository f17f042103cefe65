// Counts documents with values that no search can find.

#include <gmock/gmock.h>

#include "pgsluice/sync/unsearchable.h"
#include "support/command_fixture.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

class Unsearchable : public testing::CommandTest {
 protected:
  std::int64_t Count() {
    Settle();
    return sync::CountUnsearchable(*engine_, *process_->service().registry().Current()).at("item");
  }
};

TEST_F(Unsearchable, ValuesAreCounted) {
  Exec(
      "CREATE TABLE item (id int PRIMARY KEY, t text, j jsonb, n numeric, d date, a inet, r "
      "int4range);"
      "CREATE TABLE note (id int PRIMARY KEY, item int REFERENCES item, body text);"
      "INSERT INTO item VALUES (1, 'short', '{}', 1.5, '2026-01-01', '10.0.0.1', '[1,2)');"
      "INSERT INTO item (id, t) VALUES (2, repeat('x', 8192)), (8, 'with a note');"
      "INSERT INTO item (id, j) VALUES (3, '5');"
      "INSERT INTO item (id, n) VALUES (4, 1e305 * 1e305);"
      "INSERT INTO item (id, d) VALUES (5, 'infinity');"
      "INSERT INTO item (id, a) VALUES (6, '10.0.0.0/8');"
      "INSERT INTO item (id, r) VALUES (7, 'empty');"
      "INSERT INTO note VALUES (1, 8, repeat('y', 9000)), (2, 8, 'short')");
  ConfigureIndexes(R"({"indexes": {"item": {"embed": {"notes": {"table": "note"}}}}})");
  more_config_ = R"(, "indexes": {"item": {"embed": {"notes": {"table": "note"}}}})";
  Start();
  EXPECT_EQ(Count(), 7);
  EXPECT_THAT(Document("item", "8"), HasSubstr("yyyy"));
  // The documents are correct.
  const testing::Outcome outcome = Run({"verify", "item"});
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  Exec("UPDATE item SET t = 'short' WHERE id = 2; DELETE FROM note WHERE id = 1");
  EXPECT_EQ(Count(), 5);
  // The engine is asked only once in a while; each call makes the watcher check.
  Await([&] {
    process_->service().RequestCheck();
    return process_->registry().Text().find(R"(pgsluice_unsearchable_documents{index="item"} 5)") !=
           std::string::npos;
  });
}

}  // namespace
}  // namespace pgsluice
