#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/pg_sandbox.h"

namespace pgsluice::testing {

/// A migrated database, and the events that statements leave in the outbox.
class CaptureTest : public ::testing::Test {
 protected:
  CaptureTest() { db_.Migrate(); }

  void Exec(const std::string& sql) { db_.Exec(sql); }

  /// Runs pgsluice.attach(`arguments`) and returns the source.
  std::string Attach(const std::string& arguments) {
    return db_.Text("SELECT pgsluice.attach(" + arguments + ")");
  }

  /// Removes the events from the outbox. Returns the distinct keys as JSON in byte order, and
  /// "truncated" for an event without key.
  std::vector<std::string> Events() {
    const pg::Result rows = db_.Exec(
        "WITH taken AS (DELETE FROM pgsluice.outbox RETURNING keys) "
        "SELECT DISTINCT coalesce(key::text, 'truncated') COLLATE \"C\" "
        "FROM taken LEFT JOIN json_array_elements(keys) AS key ON true ORDER BY 1");
    std::vector<std::string> events;
    for (std::size_t row = 0; row < rows.rows(); ++row) events.emplace_back(rows.Text(row, 0));
    return events;
  }

  /// Returns the events of one statement.
  std::vector<std::string> EventsOf(const std::string& sql) {
    Exec(sql);
    return Events();
  }

  PgSandbox db_;
};

}  // namespace pgsluice::testing
