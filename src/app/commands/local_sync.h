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

/// The sync, as `pgsluice sync` runs it but without ports, for a command that waits for its result.
/// Other processes may share the work.
class LocalSync {
 public:
  explicit LocalSync(const Context& context);

  /// Starts it and waits until every index exists in the engine or is known to be in trouble. Also
  /// waits for a database or an engine that cannot be reached. Returns false if stopped.
  bool Start(const std::stop_token& stop);
  /// Returns the present index; null if there is none.
  std::shared_ptr<const sync::LiveIndex> Find(const std::string& name) const;
  /// Like Find(), but throws Error(kFatal) with cause and remedy if the index is broken.
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
