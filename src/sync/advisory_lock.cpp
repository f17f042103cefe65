#include "pgsluice/sync/advisory_lock.h"

#include <spdlog/fmt/fmt.h>

#include <exception>
#include <string>

#include "pgsluice/observe/log.h"

namespace pgsluice::sync {

namespace {

std::string Sql(const char* function, int number) {
  return fmt::format("SELECT pg_catalog.{}(1886612588, {})", function, number);
}

}  // namespace

AdvisoryLock::AdvisoryLock(pg::Session& session, int number, Mode mode)
    : session_(session), number_(number) {
  if (mode == Mode::kWait) {
    session_.Exec(Sql("pg_advisory_lock", number_));
  } else {
    held_ = session_.Exec(Sql("pg_try_advisory_lock", number_)).Bool(0, 0);
  }
}

AdvisoryLock::~AdvisoryLock() {
  if (!held_ || session_.broken()) return;
  try {
    session_.Exec(Sql("pg_advisory_unlock", number_));
  } catch (const std::exception& error) {
    observe::Log(observe::Level::kError, "sync",
                 "cannot give the lock back: " + std::string(error.what()));
  }
}

}  // namespace pgsluice::sync
