#pragma once

#include <string>

#include "support/sync_fixture.h"

namespace pgsluice::testing {

/// A sync over a configuration with every kind of embed, and an oracle per index that is SQL
/// written by hand.
class JoinedTest : public SyncTest {
 protected:
  /// The schema `kSchema` with some rows.
  void Load();
  /// The indexes below and their tables, synced.
  void StartAll();
  /// Every index equals its oracle.
  void ExpectAll(const std::string& after);

  static const char* const kSchema;
  static const char* const kConfig;
};

}  // namespace pgsluice::testing
