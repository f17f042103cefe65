#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "app/commands/commands.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/observe/metrics.h"
#include "pgsluice/sync/monitor.h"
#include "pgsluice/sync/service.h"

namespace pgsluice::app {

/// The sync, as `pgsluice sync` runs it but without ports, in a command that waits for something
/// the sync does. Other processes may share the work.
class LocalSync {
 public:
  explicit LocalSync(const Context& context);

  /// Starts it and waits until every index is known to the engine, or known to be in trouble; a
  /// database or an engine that is away is waited for. False when stopped meanwhile.
  bool Start(const std::stop_token& stop);
  /// The index as it is now; null when it is none.
  std::shared_ptr<const sync::LiveIndex> Find(const std::string& name) const;
  /// The same. Throws Error(kFatal) with cause and remedy if the index is broken.
  std::shared_ptr<const sync::LiveIndex> Require(const std::string& name) const;
  engine::Engine& engine() { return engine_; }
  void RequestCheck() { service_.RequestCheck(); }

 private:
  bool StartService(const std::stop_token& stop);

  observe::Registry registry_;
  sync::Monitor monitor_{registry_};
  engine::Engine engine_;
  sync::Service service_;
};

}  // namespace pgsluice::app
