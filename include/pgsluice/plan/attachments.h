#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {

/// What the triggers of one table have to capture for all indexes together: the arguments of
/// pgsluice.attach().
struct Attachment {
  std::uint32_t table = 0;            ///< oid.
  std::string table_name;             ///< Qualified, quoted.
  std::vector<std::string> captured;  ///< Identity first, then the columns that joins need.
  std::vector<std::string> watched;   ///< Empty: all columns.
};

/// Returns one attachment per table that any plan reads, in order of first use.
std::vector<Attachment> Attachments(const std::vector<std::shared_ptr<const Plan>>& plans);

}  // namespace pgsluice::plan
