#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {

/// Finds the values in a document that no search can find: those kept aside (`__raw:NAME`), and
/// terms that are too long for the engine. Values that the engine itself ignores (numbers and dates
/// out of range, networks as addresses) are in its own field `_ignored`.
class Unsearchable {
 public:
  /// The field of a document that lists the paths of such values.
  static constexpr std::string_view kField = "__unsearchable";

  /// `plan` must outlive this object.
  Unsearchable(const Plan& plan, bool opensearch);

  /// Returns the document with that field, or nullopt if it does not need it. Parses a document
  /// only if it has a long string or a value kept aside.
  std::optional<std::string> Mark(std::string_view document) const;

 private:
  const Plan& plan_;
  const bool opensearch_;
  std::size_t shortest_;  ///< The lowest limit of all fields.
};

}  // namespace pgsluice::plan
