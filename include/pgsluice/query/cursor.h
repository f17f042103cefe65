#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/base/digest.h"

namespace pgsluice::query {

/// The secrets that sign cursors, newest first. A cursor is "<payload>.<key id>.<mac>", the first
/// and the last in base64url. Immutable and thread-safe.
class CursorKeys {
 public:
  /// `secrets`: at least one, newest first; the first signs, all are accepted.
  explicit CursorKeys(const std::vector<std::string>& secrets);
  /// A secret that only this process knows: what it signs is of no use elsewhere.
  static std::shared_ptr<const CursorKeys> OfThisProcess();

  /// `binding` is everything that the cursor belongs to (index, query, sort, caller).
  std::string Seal(std::string_view payload, std::string_view binding) const;
  /// Returns the payload. Throws Problem 400 invalid_cursor if the cursor was not made for this
  /// binding, 410 cursor_expired if its key is not in force any more.
  std::string Open(std::string_view cursor, std::string_view binding) const;
  /// Whether one of these keys may have signed the cursor.
  bool KnowsKeyOf(std::string_view cursor) const;

 private:
  struct Key {
    std::string id;
    base::HmacKey hmac;
  };
  std::vector<Key> keys_;
};

/// Whether two texts are equal, in time that does not depend on where they differ.
bool SameSecret(std::string_view a, std::string_view b);

}  // namespace pgsluice::query
