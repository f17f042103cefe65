#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <ostream>
#include <string>
#include <string_view>

#include "commands.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::app {

namespace {

std::string Hex(const unsigned char* bytes, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    out += "0123456789abcdef"[bytes[i] >> 4U];
    out += "0123456789abcdef"[bytes[i] & 15U];
  }
  return out;
}

/// 256 random bits behind a prefix that secret scanners can look for.
std::string NewKey() {
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw Error(Disposition::kFatal, "the system gave no random bytes");
  }
  return "pgsluice_" + Hex(bytes.data(), bytes.size());
}

std::string Sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw Error(Disposition::kFatal, "SHA-256 is not available");
  }
  return Hex(digest.data(), size);
}

}  // namespace

int RunKeys(const Context& context) {
  const std::string policy = context.invocation.Option("policy", "member");
  const std::string name = context.invocation.Option("name", policy);
  const std::string key = NewKey();
  const std::string entry = "{\"name\": " + json::Quote(name) + ", \"sha256\": \"" + Sha256(key) +
                            "\", \"policy\": " + json::Quote(policy) + "}";
  if (context.invocation.Has("json")) {
    context.out << "{\"key\": \"" << key << "\", \"entry\": " << entry << "}\n";
    return kOk;
  }
  context.out << key << '\n' << entry << '\n';
  context.err << "The first line is the key: it is shown only now. Put the second line into "
                 "auth.keys of the configuration.\n";
  if (!context.config.auth.policies.contains(policy)) {
    context.err << "There is no policy \"" << policy << "\" yet: describe it in auth.policies.\n";
  }
  return kOk;
}

}  // namespace pgsluice::app
