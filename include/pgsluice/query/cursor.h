#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/base/digest.h"

namespace pgsluice::query {

/// The secrets that sign cursors, newest first. A cursor is "<payload>.<key id>.<mac>", with
/// payload and mac in base64url. Immutable and thread-safe.
class CursorKeys {
 public:
  /// `secrets`: at least one, newest first; the first signs, all are accepted.
  explicit CursorKeys(const std::vector<std::string>& secrets);
  /// Returns a secret of this process alone, so other processes refuse cursors signed with it.
  static std::shared_ptr<const CursorKeys> OfThisProcess();

  /// Signs a payload. `binding` is everything that the cursor belongs to (index, query, sort,
  /// caller).
  std::string Seal(std::string_view payload, std::string_view binding) const;
  /// Returns the payload. Throws Problem 400 invalid_cursor if the cursor was not made for this
  /// binding, and 410 cursor_expired if its key is no longer in force.
  std::string Open(std::string_view cursor, std::string_view binding) const;
  /// Returns whether one of these keys may have signed the cursor.
  bool KnowsKeyOf(std::string_view cursor) const;

 private:
  struct Key {
    std::string id;
    base::HmacKey hmac;
  };
  std::vector<Key> keys_;
};

/// Compares two texts in a time that does not depend on where they differ.
bool SameSecret(std::string_view a, std::string_view b);

}  // namespace pgsluice::query
