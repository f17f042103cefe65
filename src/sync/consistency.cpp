#include "pgsluice/sync/consistency.h"

#include <algorithm>
#include <charconv>

#include "pgsluice/base/error.h"
#include "pgsluice/outbox/outbox.h"

namespace pgsluice::sync {

namespace {

std::int64_t ParseToken(const std::string& token) {
  std::int64_t id = 0;
  const char* end = token.data() + token.size();
  const auto [rest, error] = std::from_chars(token.data(), end, id);
  if (error != std::errc{} || rest != end || id < 0) {
    throw Error(Disposition::kReject, "'" + token + "' is no position",
                "take one by SELECT pgsluice.position() after COMMIT");
  }
  return id;
}

}  // namespace

std::string Consistency::Position() {
  const auto session = pool_.Acquire();
  return std::string(session->Exec("SELECT pgsluice.position()").Text(0, 0));
}

bool Consistency::WaitUntilApplied(const std::string& token,
                                   std::chrono::steady_clock::time_point deadline) {
  using std::chrono::milliseconds;
  const std::int64_t id = ParseToken(token);
  // Our own workers say when they are done. Other processes may hold the event, so the database is
  // asked now and then; soon at first, since a lone change takes about ten milliseconds.
  for (milliseconds pause{2};; pause = std::min(pause * 2, milliseconds(50))) {
    const std::uint64_t seen = monitor_.acknowledged.generation();
    {
      const auto session = pool_.Acquire();
      if (!outbox::AnyVisibleUpTo(*session, id)) return true;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return false;
    const auto rest = std::chrono::ceil<milliseconds>(deadline - now);
    monitor_.acknowledged.WaitForCall(seen, {}, std::min(pause, rest));
  }
}

}  // namespace pgsluice::sync
