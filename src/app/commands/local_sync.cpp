#include "app/commands/local_sync.h"

#include <chrono>

#include "pgsluice/base/backoff.h"

namespace pgsluice::app {

using std::chrono::milliseconds;

LocalSync::LocalSync(const Context& context)
    : engine_(engine::MakeTransport(context.config.elasticsearch)),
      service_(context.config, engine_, monitor_, true) {}

bool LocalSync::Start(const std::stop_token& stop) {
  if (!StartService(stop)) return false;
  while (!service_.ready()) {
    if (!sync::SleepUnlessStopped(milliseconds(50), stop)) return false;
  }
  return true;
}

bool LocalSync::StartService(const std::stop_token& stop) {
  Backoff backoff(milliseconds(100), milliseconds(5000));
  while (!stop.stop_requested()) {
    try {
      service_.Start();
      monitor_.Recovered("database");
      return true;
    } catch (const Error& error) {
      if (error.disposition() != Disposition::kRetry) throw;
      monitor_.Trouble("database", error.Full());
    }
    sync::SleepUnlessStopped(backoff.Next(), stop);
  }
  return false;
}

std::shared_ptr<const sync::LiveIndex> LocalSync::Require(const std::string& name) const {
  const std::shared_ptr<const sync::IndexSet> set = service_.registry().Current();
  const auto trouble = set->troubles.find(name);
  if (trouble != set->troubles.end() && trouble->second.state == sync::IndexPhase::kBroken) {
    throw Error(Disposition::kFatal, "index '" + name + "' is broken: " + trouble->second.reason,
                trouble->second.remedy);
  }
  return Find(name);
}

std::shared_ptr<const sync::LiveIndex> LocalSync::Find(const std::string& name) const {
  const std::shared_ptr<const sync::IndexSet> set = service_.registry().Current();
  const auto found = set->indexes.find(name);
  return found == set->indexes.end() ? nullptr : found->second;
}

}  // namespace pgsluice::app
