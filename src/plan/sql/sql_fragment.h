#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

/// SQL fragments from the configuration (`where`, `order_by`, computed fields), looked at lexically
/// before they are spliced into statements.
namespace pgsluice::plan {

struct Fragment {
  std::string error;                   ///< Why it must not be spliced; empty: it may be.
  std::vector<std::string> functions;  ///< Names before `(`, qualified as written, folded.
  std::set<std::string> names;         ///< All identifiers, folded as SQL does.
};

/// Refuses what could end or escape the statement (`;`, comments, unbalanced brackets, open
/// strings, parameters) and sub-selects, whose tables' changes could not be followed.
Fragment ReadFragment(std::string_view sql);

}  // namespace pgsluice::plan
