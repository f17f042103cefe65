#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <ostream>

#include "app/cli/progress_view.h"
#include "app/commands/commands.h"
#include "app/commands/local_sync.h"
#include "app/service/signals.h"
#include "app/service/wanted_plans.h"
#include "pgsluice/json/build.h"
#include "pgsluice/migrate/migrator.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "pgsluice/sync/index_manager.h"

namespace pgsluice::app {

namespace {

constexpr std::chrono::milliseconds kBetweenLooks{200};

class Reindex {
 public:
  explicit Reindex(const Context& context)
      : context_(context), session_({.url = context.config.database.url}) {
    migrate::Migrator::CheckVersion(session_);
    name_ = WantedPlans(context, session_).plans.at(0)->name;
  }

  int Abort() {
    const bool any = sync::IndexManager::AbortReindex(session_, name_);
    Print(any ? "aborted" : "none",
          any ? "aborted; the present index stays" : "no reindex is running");
    return kOk;
  }

  int Run(const std::stop_token& stop) {
    LocalSync sync(context_);
    if (!sync.Start(stop)) return Interrupted();
    const auto index = sync.Require(name_);
    if (!index) throw Error(Disposition::kRetry, "index '" + name_ + "' was just changed");
    sync::IndexManager manager(context_.config, sync.engine());
    const std::string building =
        manager.RequestReindex(session_, *index, context_.invocation.Has("keep-old"));
    sync.RequestCheck();
    ProgressView view(context_.err, "reindex", ProgressView::IsTerminal());
    while (true) {
      const ReindexState state = Now();
      if (state.building.empty() || !state.refused.empty()) {
        view.End();
        return Ended(state, building);
      }
      const sync::Progress progress = sync::ProgressOf(session_, state.building);
      if (progress.pieces_left > 0) {
        view.Show(progress.done, progress.total, progress.eta_s);
      } else {
        view.Say("all rows are read; the new index is compared with PostgreSQL");
      }
      if (!sync::SleepUnlessStopped(kBetweenLooks, stop)) {
        view.End();
        return Interrupted();
      }
    }
  }

 private:
  struct ReindexState {
    std::string physical, building, refused;
  };

  ReindexState Now() {
    const pg::Result row = session_.ExecParams(
        "SELECT physical, building, refused FROM pgsluice.index_state WHERE index_name = $1",
        {name_});
    return {std::string(row.Text(0, 0)), std::string(row.Text(0, 1)), std::string(row.Text(0, 2))};
  }

  int Ended(const ReindexState& state, const std::string& building) {
    if (state.refused.empty() && state.physical == building) {
      Print("done", "searches use " + building + " now");
      return kOk;
    }
    if (state.refused.empty()) {
      throw Error(Disposition::kFatal, "the reindex of " + name_ + " was aborted meanwhile");
    }
    throw Error(Disposition::kFatal, "reindex of " + name_ + " refused: " + state.refused,
                state.building.empty()
                    ? "searches use the present index"
                    : "searches use the present index; 'pgsluice reindex " + name_ +
                          "' compares again, '--abort' discards the new one");
  }

  void Print(const std::string& result, const std::string& text) {
    if (context_.invocation.Has("json")) {
      context_.out << json::ToText(json::Members({{"index", name_}, {"result", result}})) << '\n';
    } else {
      context_.out << name_ << ": " << text << '\n';
    }
  }

  int Interrupted() const {
    context_.err << "interrupted; run, sync or reindex continues with what is left\n";
    return kOk;
  }

  const Context& context_;
  pg::Session session_;
  std::string name_;
};

}  // namespace

int RunReindex(const Context& context) {
  const Invocation& invocation = context.invocation;
  if (invocation.arguments.size() != 1) {
    throw UsageError("reindex takes one index", "see pgsluice reindex --help");
  }
  if (invocation.Has("abort") && invocation.Has("keep-old")) {
    throw UsageError("--abort and --keep-old are given", "");
  }
  const Signals signals([] {});
  Reindex reindex(context);
  return invocation.Has("abort") ? reindex.Abort() : reindex.Run(signals.stop());
}

}  // namespace pgsluice::app
