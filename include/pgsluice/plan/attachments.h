#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {

/// What capture on one table has to deliver for all indexes together: the arguments of
/// pgsluice.attach().
struct Attachment {
  std::uint32_t table = 0;            ///< oid.
  std::string table_name;             ///< Qualified, quoted.
  std::vector<std::string> captured;  ///< Identity first, then what joins lead through.
  std::vector<std::string> watched;   ///< Empty: all columns.
};

/// One attachment per table that any plan reads, in order of first use.
std::vector<Attachment> Attachments(const std::vector<std::shared_ptr<const Plan>>& plans);

}  // namespace pgsluice::plan
