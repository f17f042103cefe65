#include "api/auth/jwks.h"
#include "fuzz/fuzz.h"

/// Reads the bytes as a key set. It is accepted or refused, and none of its keys verifies an
/// invented signature.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  const std::string_view text = fuzz::Text(data, size);
  try {
    const api::KeySet keys(text);
    for (const char* algorithm :
         {"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512"}) {
      for (const std::size_t length : {0U, 32U, 64U, 96U, 132U, 256U}) {
        const std::string signature(length, '\x7f');
        fuzz::Require(!keys.Verifies(algorithm, "", "e30.e30", signature), algorithm, text);
      }
    }
  } catch (const Error& error) {
    fuzz::Require(error.disposition() == Disposition::kReject, error.what(), text);
  }
  return 0;
}
