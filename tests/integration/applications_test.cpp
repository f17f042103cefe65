// Schemas in the shape of well-known applications (tests/data/applications), loaded whole, filled,
// and synced without any configuration and with what `config init` writes: every document holds
// what to_json() returns. PGSLUICE_TEST_MODULES=60 makes hundreds of tables of each.

#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "pgsluice/json/value.h"
#include "pgsluice/plan/engine_path.h"
#include "support/paths.h"
#include "support/service_fixture.h"

namespace pgsluice::testing {
namespace {

std::string TextOf(const std::string& name) {
  std::ifstream file(SourceFile("/tests/data/applications/" + name + ".sql"));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void Replace(std::string& text, const std::string& part, const std::string& by) {
  const std::size_t at = text.find(part);
  ASSERT_NE(at, std::string::npos) << part << " is not in " << text;
  text.replace(at, part.size(), by);
}

class Applications : public FaultTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    const char* modules = std::getenv("PGSLUICE_TEST_MODULES");
    Exec(fmt::format("SET app.modules = {}; SET timezone = 'UTC'; SET search_path = public",
                     modules != nullptr ? modules : "1"));
    Exec(TextOf(GetParam()));
    Exec(TextOf("fill"));
    ASSERT_EQ(db_.Text("SELECT fill(5)"), "") << "tables without rows prove nothing";
    Exec("DROP FUNCTION fill, fill_table, fill_value");
  }

  std::string Number(const std::string& sql) { return db_.Text(sql); }

  /// What config init writes, for this engine and these indexes.
  std::string Initial() {
    std::string text = RunPgsluice({"config", "init", "--database-url", db_.url(),
                                    "--elasticsearch-url", config_.elasticsearch.urls[0]})
                           .out;
    Replace(text, "${PGSLUICE_DATABASE_URL}", db_.url());
    Replace(text, "${PGSLUICE_ELASTICSEARCH_URL}", config_.elasticsearch.urls[0]);
    Replace(text, R"("elasticsearch": {)",
            R"("elasticsearch": {"index_prefix": ")" + prefix_ + R"(", )");
    return text;
  }

  /// SQL for the value of a column, as documents have it.
  static std::string ValueOf(const std::string& column, const std::string& base, bool range) {
    if (base == "bytea") return fmt::format("replace(encode({}, 'base64'), E'\\n', '')", column);
    if (!range) return column;
    return fmt::format(
        "CASE WHEN {0} IS NULL THEN NULL ELSE json_build_object('gte', lower({0}), 'lt', "
        "upper({0})) END",
        column);
  }

  /// Compares the members of the documents that are columns of the index's table, but for those
  /// left out; other members are `allowed`.
  void Compare(const std::string& index, const std::string& table,
               const std::vector<std::string>& left_out, bool allowed) {
    const pg::Result columns = Exec(fmt::format(
        "SELECT attname, typname, typtype = 'r' FROM pg_attribute JOIN pg_type t ON t.oid = "
        "atttypid WHERE attrelid = {}::regclass AND attnum > 0 AND NOT attisdropped",
        pg::Session::QuoteLiteral(table)));
    std::set<std::string> names;
    std::string members;
    for (std::size_t row = 0; row < columns.rows(); ++row) {
      const std::string column(columns.Text(row, 0)), base(columns.Text(row, 1));
      if (std::find(left_out.begin(), left_out.end(), column) != left_out.end()) continue;
      const bool container = base.starts_with("json");
      const std::string name = plan::FieldNameOf(column, true, container);
      names.insert(name);
      members +=
          fmt::format("{}{}, {}", members.empty() ? "" : ", ", pg::Session::QuoteLiteral(name),
                      ValueOf("x." + pg::Session::QuoteName(column), base, columns.Bool(row, 2)));
    }
    // Equal rows without a key are one document.
    std::set<std::string> wanted, found;
    const pg::Result rows =
        Exec(fmt::format("SELECT json_build_object({}) FROM {} AS x", members, table));
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      wanted.insert(Comparable(json::Parse(rows.Text(row, 0))));
    }
    std::string after;
    while (true) {
      const auto page = engine_->Ids(Alias(index), after, 1000, true);
      if (page.ids.empty()) break;
      for (const std::string& text : page.documents) {
        json::Value document = json::Parse(text);
        if (allowed) {
          std::erase_if(document.members,
                        [&](const auto& member) { return !names.contains(member.first); });
        }
        found.insert(Comparable(document));
      }
      after = page.next;
    }
    EXPECT_EQ(found, wanted) << index << " is not " << table;
  }
};

TEST_P(Applications, AreSyncedWithoutAConfiguration) {
  Start();
  Settle();
  const pg::Result indexes = Exec(
      "SELECT i.index_name, s.relation::regclass::text FROM pgsluice.index_state i JOIN "
      "pgsluice.source s ON s.id = i.root_source");
  EXPECT_EQ(std::to_string(indexes.rows()),
            Number("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND "
                   "relkind IN ('r', 'p') AND NOT relispartition"));
  for (std::size_t row = 0; row < indexes.rows(); ++row) {
    Compare(std::string(indexes.Text(row, 0)), std::string(indexes.Text(row, 1)), {}, false);
  }
  EXPECT_EQ(Number("SELECT count(*) FROM pgsluice.dead_letter"), "0");
}

TEST_P(Applications, AreSyncedWithWhatConfigInitWrites) {
  const std::string text = Initial();
  ConfigureIndexes(text);
  ASSERT_GT(config_.indexes.size(), 10U) << text;
  Start();
  Settle();
  for (const config::Index& index : config_.indexes) {
    Compare(index.name, index.table, index.exclude, true);
  }
  EXPECT_EQ(Number("SELECT count(*) FROM pgsluice.dead_letter"), "0");
  // The embeds: every document again, as the service reads it.
  std::ofstream(config_file_) << text;
  const Outcome verified = RunPgsluice({"verify", "--config", config_file_});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
}

INSTANTIATE_TEST_SUITE_P(InTheShapeOf, Applications,
                         ::testing::Values("forum", "shop", "erp", "forge", "cms"),
                         [](const auto& shape) { return std::string(shape.param); });

}  // namespace
}  // namespace pgsluice::testing
