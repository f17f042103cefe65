#pragma once

#include <string>

#include "support/sync_fixture.h"

namespace pgsluice::testing {

/// A sync over a configuration with every kind of embed, and a handwritten SQL oracle per index.
class JoinedTest : public SyncTest {
 protected:
  /// The schema `kSchema` with some rows.
  void Load();
  /// The indexes below and their tables, synced.
  void StartAll();
  /// Checks that every index equals its oracle.
  void ExpectAll(const std::string& after);

  static const char* const kSchema;
  static const char* const kConfig;
};

}  // namespace pgsluice::testing
