#include <openssl/rand.h>

#include <array>
#include <ostream>
#include <string>

#include "app/commands/commands.h"
#include "pgsluice/base/digest.h"
#include "pgsluice/json/build.h"

namespace pgsluice::app {

namespace {

/// Returns 256 random bits after a prefix that secret scanners can search for.
std::string NewKey() {
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw Error(Disposition::kFatal, "the system gave no random bytes");
  }
  return "pgsluice_" + base::Hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

int RunKeys(const Context& context) {
  const std::string policy = context.invocation.Option("policy", "member");
  const std::string name = context.invocation.Option("name", policy);
  const std::string key = NewKey();
  const json::ObjectPtr entry =
      json::Members({{"name", name}, {"sha256", base::Sha256(key)}, {"policy", policy}});
  if (context.invocation.Has("json")) {
    context.out << json::ToText(json::Members({{"key", key}, {"entry", entry}})) << '\n';
    return kOk;
  }
  context.out << key << '\n' << json::ToText(entry) << '\n';
  context.err << "The first line is the key: it is shown only now. Put the second line into "
                 "auth.keys of the configuration.\n";
  if (!context.config.auth.policies.contains(policy)) {
    context.err << "There is no policy \"" << policy << "\" yet: describe it in auth.policies.\n";
  }
  return kOk;
}

}  // namespace pgsluice::app
