#include "pgsluice/sync/troubles.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/engine/engine.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/pg/text_array.h"

namespace pgsluice::sync {

namespace {

using observe::Level;

const pg::Statement kRecord{"trouble_record", R"sql(
  INSERT INTO pgsluice.index_trouble (index_name, state, reason, remedy) VALUES ($1, $2, $3, $4)
  ON CONFLICT (index_name) DO UPDATE
  SET state = excluded.state, reason = excluded.reason, remedy = excluded.remedy)sql"};

const pg::Statement kOver{"trouble_over",
                          "DELETE FROM pgsluice.index_trouble WHERE index_name = ANY ($1::text[])"};

const pg::Statement kRead{"trouble_read",
                          "SELECT index_name, state, reason, remedy FROM pgsluice.index_trouble"};

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string RemedyOf(const Error& refusal) {
  const std::string text = refusal.what();
  if (Contains(text, "invalid_index_name") || Contains(text, "InvalidIndexName")) {
    return "give the index another name, or change elasticsearch.index_prefix";
  }
  if (std::string known = engine::KnownRemedy(text); !known.empty()) return known;
  if (!refusal.hint().empty()) return refusal.hint();
  return "change the index's mapping or settings to what this engine knows ('pgsluice config "
         "check' tries them on the engine), or install the plugin that is missing";
}

}  // namespace

void Troubles::Log(const TroubleMap& now) const {
  for (const auto& [name, trouble] : now) {
    const auto known = known_.find(name);
    if (known != known_.end() && known->second == trouble) continue;
    observe::Log(Level::kError, "sync", fmt::format("index is {}", Name(trouble.state)),
                 {{"index", name}, {"reason", trouble.reason}, {"remedy", trouble.remedy}});
  }
  for (const auto& [name, trouble] : known_) {
    if (now.contains(name)) continue;
    observe::Log(Level::kInfo, "sync", fmt::format("index is no longer {}", Name(trouble.state)),
                 {{"index", name}});
  }
}

void Troubles::Replace(pg::Session& session, const TroubleMap& now,
                       const std::vector<std::string>& configured, bool record) {
  const bool changed = first_ || now != known_;
  if (changed) backoff_.Reset();
  retry_at_ = std::chrono::steady_clock::now() + backoff_.Next();
  if (!changed) return;
  if (record) {
    std::vector<std::string> over;
    for (const std::string& name : configured) {
      if (!now.contains(name)) over.push_back(name);
    }
    pg::Transaction transaction(session);
    session.Exec(kOver, {pg::TextArray(over)});
    for (const auto& [name, trouble] : now) {
      session.Exec(kRecord, {name, Name(trouble.state), trouble.reason, trouble.remedy});
    }
    transaction.Commit();
  }
  Log(now);
  known_ = now;
  first_ = false;
}

bool Troubles::RetryIsDue() const { return any() && std::chrono::steady_clock::now() >= retry_at_; }

TroubleMap RecordedTroubles(pg::Session& session) {
  TroubleMap troubles;
  const pg::Result rows = session.Exec(kRead);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    troubles[std::string(rows.Text(row, 0))] = {
        PhaseOf(rows.Text(row, 1)), std::string(rows.Text(row, 2)), std::string(rows.Text(row, 3))};
  }
  return troubles;
}

IndexTrouble TroubleOf(const config::Findings& findings) {
  IndexTrouble trouble;
  for (const config::Finding& finding : findings) {
    if (finding.warning) continue;
    if (!trouble.reason.empty()) trouble.reason += "; ";
    trouble.reason += finding.place + ": " + finding.message;
    if (finding.hint.empty() || Contains(trouble.remedy, finding.hint)) continue;
    trouble.remedy += (trouble.remedy.empty() ? "" : "; ") + finding.hint;
  }
  trouble.remedy += (trouble.remedy.empty() ? "" : "; ") +
                    std::string(
                        "correct the configuration or undo the change of the table "
                        "('pgsluice config check' shows whether they fit)");
  return trouble;
}

IndexTrouble TroubleOf(const Error& refusal) {
  const bool blocked = dynamic_cast<const engine::IndexBlocked*>(&refusal) != nullptr;
  return {blocked ? IndexPhase::kBlocked : IndexPhase::kBroken, refusal.what(), RemedyOf(refusal)};
}

IndexTrouble TroubleOfBlocks(const std::vector<std::string>& blocks) {
  std::string names;
  for (const std::string& block : blocks) names += (names.empty() ? "" : ", ") + block;
  return {IndexPhase::kBlocked, "the engine blocks the index: index.blocks." + names,
          engine::BlockRemedy(names)};
}

}  // namespace pgsluice::sync
