#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

/// SQL fragments from the configuration (`where`, `order_by`, computed fields), checked lexically
/// before they are inserted into statements.
namespace pgsluice::plan {

struct Fragment {
  std::string error;                   ///< Why it must not be inserted; empty: it may be.
  std::vector<std::string> functions;  ///< Names before `(`, qualified as written, folded.
  std::set<std::string> names;         ///< All identifiers, folded as SQL does.
};

/// Refuses whatever could end or escape the statement (`;`, comments, unbalanced brackets, open
/// strings, parameters), and sub-selects, because changes of their tables could not be followed.
Fragment ReadFragment(std::string_view sql);

}  // namespace pgsluice::plan
