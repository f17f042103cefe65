#include "app/service/installation_keys.h"

#include <vector>

#include "pgsluice/base/error.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/pg/sql_error.h"

namespace pgsluice::app {

namespace {

constexpr std::chrono::seconds kAge{10};
/// Forged cursors name keys that do not exist, so the database is asked at most once in this time.
constexpr std::chrono::seconds kPause{1};

constexpr const char* kReadKeys =
    "SELECT encode(key, 'hex') FROM pgsluice.installation_key ORDER BY id DESC LIMIT 8";

}  // namespace

InstallationKeys::InstallationKeys(pg::Pool& pool, observe::Registry& registry)
    : pool_(pool),
      shared_(registry.MakeGauge("pgsluice_cursor_key_shared",
                                 "1 if cursors are signed with the installation's key, 0 if with a "
                                 "key of this process.")),
      keys_(query::CursorKeys::OfThisProcess()) {}

std::shared_ptr<const query::CursorKeys> InstallationKeys::KeysFor(const std::string& cursor) {
  {
    const base::MutexLock lock(mutex_);
    const auto age = Clock::now() - read_;
    const bool unknown = !cursor.empty() && !keys_->KnowsKeyOf(cursor);
    if (reading_ || age < kPause || (age < kAge && !unknown)) return keys_;
    reading_ = true;
  }
  std::shared_ptr<const query::CursorKeys> fresh = Read();
  const base::MutexLock lock(mutex_);
  if (fresh) keys_ = std::move(fresh);
  read_ = Clock::now();
  reading_ = false;
  return keys_;
}

std::shared_ptr<const query::CursorKeys> InstallationKeys::Read() {
  try {
    const auto session = pool_.Acquire();
    const pg::Result rows = session->Exec(kReadKeys);
    std::vector<std::string> secrets;
    for (std::size_t row = 0; row < rows.rows(); ++row) secrets.emplace_back(rows.Text(row, 0));
    if (secrets.empty()) {
      Report("there is no installation key", "run SELECT pgsluice.rotate_key()");
      return nullptr;
    }
    Report("", "");
    return std::make_shared<const query::CursorKeys>(secrets);
  } catch (const pg::SqlError& error) {
    Report(error.what(), error.sqlstate() == "42501"
                             ? "GRANT SELECT ON pgsluice.installation_key to the service's role"
                             : error.hint());
  } catch (const Error& error) {
    Report(error.what(), error.hint());
  }
  return nullptr;
}

void InstallationKeys::Report(const std::string& why, const std::string& remedy) {
  const base::MutexLock lock(mutex_);
  if (why.empty()) shared_.Set(1);
  if (why == trouble_) return;
  trouble_ = why;
  if (why.empty()) return;
  observe::Log(observe::Level::kWarn, "api",
               "the key for cursors cannot be read: cursors may not work in other processes",
               {{"reason", why}, {"remedy", remedy}});
}

}  // namespace pgsluice::app
