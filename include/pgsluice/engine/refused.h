#pragma once

#include <string>
#include <string_view>

#include "pgsluice/base/error.h"

namespace pgsluice::engine {

/// The engine answered that it does not take a write of one index now. Nothing was lost, and other
/// indexes may go on.
class IndexRefused : public Error {
 public:
  IndexRefused(const std::string& message, std::string remedy)
      : Error(Disposition::kRetry, message, std::move(remedy)) {}
};

/// What to do about what the text says; empty if it says nothing that is known.
std::string KnownRemedy(std::string_view text);
/// What to do about a refusal: disk, heap, shards, fields, blocks. `text`: the engine's reason.
std::string RemedyOf(int status, std::string_view text);

}  // namespace pgsluice::engine
