#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "pgsluice/base/error.h"
#include "pgsluice/json/value.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace pgsluice::fuzz {

inline std::string_view Text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the run like a crash.
inline void Require(bool holds, std::string_view what, std::string_view text = {}) {
  if (holds) return;
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(text.size()), text.data());
  std::abort();
}

/// Requests to the engine must be JSON, because otherwise its refusal becomes a 5xx.
inline void RequireJson(std::string_view text) {
  try {
    json::Parse(text, {false, false, 1000});
  } catch (const Error& error) {
    Require(false, error.what(), text);
  }
}

}  // namespace pgsluice::fuzz
