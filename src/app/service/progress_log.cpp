#include "app/service/progress_log.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <vector>

#include "app/cli/progress_view.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "pgsluice/sync/bulk_writer.h"

namespace pgsluice::app {

namespace {

constexpr std::chrono::seconds kBetweenLooks{1}, kBetweenLines{10};

bool IsFilled(const sync::LiveIndex& index) {
  return index.in_force && (index.filling || index.phase == sync::IndexPhase::kBackfilling ||
                            index.phase == sync::IndexPhase::kReindexing);
}

}  // namespace

void ProgressLog::Run(const std::stop_token& stop) {
  while (sync::SleepUnlessStopped(kBetweenLooks, stop)) {
    try {
      Look();
    } catch (const Error&) {
      // The thread whose work it stops reports it.
    }
  }
}

void ProgressLog::Look() {
  const std::shared_ptr<const sync::IndexSet> set = registry_.Current();
  std::vector<std::string> filled;
  for (const auto& [name, index] : set->indexes) {
    if (!IsFilled(*index)) continue;
    const std::string& physical =
        index->targets.size() > 1 ? index->targets[1].physical : index->physical;
    filled.push_back(physical);
    const auto seen = seen_.find(physical);
    if (seen == seen_.end() || Clock::now() - seen->second.at >= kBetweenLines) {
      Report(name, physical);
    }
  }
  std::erase_if(seen_, [&](const auto& seen) {
    return std::find(filled.begin(), filled.end(), seen.first) == filled.end();
  });
}

void ProgressLog::Report(const std::string& index, const std::string& physical) {
  const auto session = pool_.Acquire();
  const sync::Progress progress = sync::ProgressOf(*session, physical);
  if (progress.pieces_left == 0) return;
  const auto before = seen_.find(physical);
  double rate = 0;
  if (before != seen_.end()) {
    rate = static_cast<double>(progress.done - before->second.done) /
           std::chrono::duration<double>(Clock::now() - before->second.at).count();
  }
  seen_[physical] = {Clock::now(), progress.done};
  const std::string text =
      progress.walking
          ? fmt::format(
                "all {} rows are read; looking for documents without a row: {} ids compared",
                progress.done, progress.walked)
          : ProgressText(progress.done, progress.total, rate, progress.eta_s);
  observe::Log(observe::Level::kInfo, "app", "filling an index",
               {{"index", index}, {"progress", text}});
}

}  // namespace pgsluice::app
