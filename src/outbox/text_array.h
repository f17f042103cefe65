#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pgsluice::outbox {

/// "{1,2,3}": how a list of ids travels to the server.
inline std::string TextArray(const std::vector<std::int64_t>& ids) {
  std::string text = "{";
  for (const std::int64_t id : ids) {
    if (text.size() > 1) text += ',';
    text += std::to_string(id);
  }
  return text + "}";
}

}  // namespace pgsluice::outbox
