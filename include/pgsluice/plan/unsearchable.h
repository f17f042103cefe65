#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {

/// Finds the values that a document holds and no search finds: those kept aside (`__raw:NAME`), and
/// terms that are too long for the engine. What the engine itself leaves out (numbers and dates out
/// of range, networks as addresses) is in its own field `_ignored`.
class Unsearchable {
 public:
  /// The field of a document that lists the paths of such values.
  static constexpr std::string_view kField = "__unsearchable";

  /// The plan must outlive this.
  Unsearchable(const Plan& plan, bool opensearch);

  /// The document with that field, or nothing if it needs none. Looks into a document only if it
  /// has a long string or a value kept aside.
  std::optional<std::string> Mark(std::string_view document) const;

 private:
  const Plan& plan_;
  const bool opensearch_;
  std::size_t shortest_;  ///< The lowest limit of all fields.
};

}  // namespace pgsluice::plan
