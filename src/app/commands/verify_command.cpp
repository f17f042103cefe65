#include <spdlog/fmt/fmt.h>

#include <iostream>

#include "app/cli/progress_view.h"
#include "app/commands/commands.h"
#include "app/service/wanted_plans.h"
#include "pgsluice/base/printable.h"
#include "pgsluice/json/build.h"
#include "pgsluice/migrate/migrator.h"
#include "pgsluice/observe/metrics.h"
#include "pgsluice/pg/pool.h"
#include "pgsluice/sync/index_manager.h"
#include "pgsluice/sync/verify.h"

namespace pgsluice::app {

namespace {

constexpr std::chrono::minutes kRepairTime{10};

using Indexes = std::vector<std::shared_ptr<const sync::LiveIndex>>;

/// Returns the indexes to compare: the named ones, or all. Throws Error for a name that no index
/// has, and for an index that does not exist yet.
Indexes Wanted(const Context& context, engine::Engine& engine, pg::Session& session,
               bool& misfits) {
  const sync::IndexManager manager(context.config, engine);
  Indexes indexes;
  const WantedIndexes wanted = WantedPlans(context, session);
  misfits = wanted.misfits;
  for (const auto& plan : wanted.plans) {
    auto index = manager.Remembered(session, plan);
    if (!index) {
      throw Error(Disposition::kReject, "index '" + plan->name + "' does not exist yet",
                  "run 'pgsluice run' or 'pgsluice sync'");
    }
    indexes.push_back(std::move(index));
  }
  return indexes;
}

void Print(const Context& context, const std::string& index, const sync::Difference& difference) {
  if (context.invocation.Has("json")) {
    context.out << json::ToText(json::Members(
                       {{"index", index}, {"id", difference.id}, {"kind", difference.kind}}))
                << '\n';
  } else {
    context.out << fmt::format("{}: {} {}\n", index, difference.kind,
                               base::Printable(difference.id));
  }
}

void PrintTotals(const Context& context, const std::string& index,
                 const sync::VerifyReport& totals) {
  if (context.invocation.Has("json")) {
    context.out << json::ToText(json::Members({{"index", index},
                                               {"compared", totals.compared},
                                               {"differences", totals.differences}}))
                << '\n';
  } else {
    context.out << fmt::format("{}: {} documents compared, {} differences\n", index,
                               totals.compared, totals.differences);
  }
}

class Verification {
 public:
  explicit Verification(const Context& context)
      : context_(context),
        engine_(engine::MakeTransport(context.config.elasticsearch)),
        session_({.url = context.config.database.url}),
        pool_({.url = context.config.database.url}, 1),
        consistency_(pool_, monitor_) {
    migrate::Migrator::CheckVersion(session_);
  }

  int Run() {
    bool equal = true, misfits = false;
    for (const auto& index : Wanted(context_, engine_, session_, misfits)) {
      equal = Check(*index) && equal;
    }
    if (!equal) return kDifferences;
    return misfits ? kBadConfiguration : kOk;
  }

 private:
  bool Check(const sync::LiveIndex& index) {
    const std::string& name = index.plan->name;
    const sync::Scope scope{{name}, {}, {}};
    sync::Verifier verifier(session_, engine_, consistency_, scope);
    std::vector<sync::Difference> found;
    ProgressView view(context_.err, "verify " + name, ProgressView::IsTerminal());
    const std::int64_t documents = engine_.Count(index.alias);
    view.Show(0, documents, std::nullopt);
    const auto advance = [&](std::int64_t compared, bool rows_done) {
      if (!rows_done) return view.Show(compared, documents, std::nullopt);
      view.Say("all rows are compared; looking for documents without a row");
    };
    sync::VerifyReport totals = verifier.Verify(
        index,
        [&](const sync::Difference& difference) {
          view.End();
          Print(context_, name, difference);
          found.push_back(difference);
        },
        advance);
    view.End();
    if (!found.empty() && context_.invocation.Has("repair")) {
      verifier.Repair(index, found);
      WaitForRepair(scope);
      totals = verifier.Verify(index, [&](const sync::Difference& d) { Print(context_, name, d); });
    }
    PrintTotals(context_, name, totals);
    return totals.differences == 0;
  }

  /// Waits for the sync, which repairs keys through the outbox, and orphans by a walk over the
  /// index's ids.
  void WaitForRepair(const sync::Scope& scope) {
    const auto deadline = std::chrono::steady_clock::now() + kRepairTime;
    if (consistency_.WaitUntilApplied(consistency_.Position(), scope, deadline)) return;
    throw Error(Disposition::kRetry, "the repair was not done in ten minutes",
                "is 'pgsluice run' or 'pgsluice sync' running?");
  }

  const Context& context_;
  observe::Registry registry_;
  sync::Monitor monitor_{registry_};
  engine::Engine engine_;
  pg::Session session_;
  pg::Pool pool_;
  sync::Consistency consistency_;
};

}  // namespace

int RunVerify(const Context& context) { return Verification(context).Run(); }

}  // namespace pgsluice::app
