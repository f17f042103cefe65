#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <cmath>
#include <ostream>

#include "app/cli/progress_view.h"
#include "app/commands/commands.h"
#include "app/commands/local_sync.h"
#include "app/service/signals.h"
#include "app/service/wanted_plans.h"
#include "pgsluice/base/text.h"
#include "pgsluice/json/build.h"
#include "pgsluice/migrate/migrator.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "pgsluice/sync/bulk_writer.h"

namespace pgsluice::app {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kBetweenLooks{200};

/// Rows per second; 0 if they are not limited.
std::int64_t Rate(const Invocation& invocation) {
  return static_cast<std::int64_t>(base::Number(invocation.Option("rate"), 10).value_or(0));
}

class Backfill {
 public:
  Backfill(const Context& context, std::int64_t rate)
      : context_(context),
        rate_(rate),
        session_({.url = context.config.database.url}),
        sync_(context) {
    migrate::Migrator::CheckVersion(session_);
    const WantedIndexes wanted = WantedPlans(context, session_);
    misfits_ = wanted.misfits;
    for (const auto& plan : wanted.plans) names_.push_back(plan->name);
  }

  int Run(const std::stop_token& stop) {
    if (!sync_.Start(stop) || !Begin(stop)) return Interrupted();
    ProgressView view(context_.err, "backfill", ProgressView::IsTerminal());
    while (!Done(view)) {
      if (!sync::SleepUnlessStopped(kBetweenLooks, stop)) {
        view.End();
        return Interrupted();
      }
    }
    view.End();
    for (const std::string& name : names_) Print(name);
    return misfits_ ? kBadConfiguration : kOk;
  }

 private:
  /// Creates the tasks, or takes over those that wait. Returns false if stopped.
  bool Begin(const std::stop_token& stop) {
    for (const std::string& name : names_) {
      while (!TryBegin(name)) {
        if (!sync::SleepUnlessStopped(kBetweenLooks, stop)) return false;
      }
    }
    sync_.RequestCheck();
    return true;
  }

  /// Returns false while another process is creating the index again.
  bool TryBegin(const std::string& name) {
    const auto index = sync_.Require(name);
    if (!index) return false;
    try {
      const bool fresh = sync::BeginBackfill(session_, *index, rate_);
      if (!fresh) context_.err << name << ": continuing an unfinished backfill\n";
      return true;
    } catch (const sync::IndexMissing&) {
      sync_.RequestCheck();
      return false;
    }
  }

  bool Done(ProgressView& view) {
    std::int64_t left = 0;
    bool rows_left = false;
    sync::Progress all;
    for (const std::string& name : names_) {
      const auto index = sync_.Require(name);
      if (!index) return false;
      const sync::Progress progress = sync::ProgressOf(session_, index->physical);
      left += progress.pieces_left;
      all.done += progress.done;
      all.total += progress.total;
      all.walked += progress.walked;
      if (progress.pieces_left > 0 && !progress.walking) rows_left = true;
      if (progress.eta_s) all.eta_s = std::max(all.eta_s.value_or(0), *progress.eta_s);
      if (progress.pieces_left == 0) sync::CloseIfDone(session_, index->physical);
    }
    if (left == 0) return true;
    if (rows_left) {
      view.Show(all.done, all.total, all.eta_s);
    } else {
      view.Say(
          fmt::format("all {} rows are read; looking for documents without a row: {} ids of the "
                      "index compared",
                      all.done, all.walked));
    }
    return false;
  }

  void Print(const std::string& name) {
    const std::int64_t rows = sync::BackfilledRows(session_, name);
    const double seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
    if (context_.invocation.Has("json")) {
      context_.out << json::ToText(json::Members({{"index", name},
                                                  {"rows", rows},
                                                  {"seconds", std::round(seconds * 10) / 10}}))
                   << '\n';
    } else {
      context_.out << fmt::format("{}: {} rows read\n", name, rows);
    }
  }

  int Interrupted() const {
    context_.err << "interrupted; run, sync or backfill reads what is left\n";
    return kOk;
  }

  const Context& context_;
  const std::int64_t rate_;
  const Clock::time_point begun_ = Clock::now();
  std::vector<std::string> names_;
  bool misfits_ = false;
  pg::Session session_;
  LocalSync sync_;
};

}  // namespace

int RunBackfill(const Context& context) {
  const Signals signals([] {});
  return Backfill(context, Rate(context.invocation)).Run(signals.stop());
}

}  // namespace pgsluice::app
