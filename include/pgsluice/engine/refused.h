#pragma once

#include <string>
#include <string_view>

#include "pgsluice/base/error.h"

namespace pgsluice::engine {

/// The engine responded that it cannot write to one index now. Nothing was lost, and other indexes
/// may continue.
class IndexRefused : public Error {
 public:
  IndexRefused(const std::string& message, std::string remedy)
      : Error(Disposition::kRetry, message, std::move(remedy)) {}
};

/// Returns the remedy for a known text of the engine; empty for any other.
std::string KnownRemedy(std::string_view text);
/// Returns what to do about a refusal: disk, heap, shards, fields, blocks. `text`: the engine's
/// reason.
std::string RemedyOf(int status, std::string_view text);

}  // namespace pgsluice::engine
