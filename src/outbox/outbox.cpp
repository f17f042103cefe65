#include "pgsluice/outbox/outbox.h"

#include <algorithm>

#include "outbox/outbox_sql.h"
#include "pgsluice/json/value.h"
#include "pgsluice/pg/text_array.h"

namespace pgsluice::outbox {

namespace {

constexpr std::chrono::seconds kDeadAge{1};
// Keys per row that pgsluice itself writes.
constexpr std::size_t kKeysPerRow = 500;

/// Appends the events of a row: one per element of the JSON array `keys`.
void AppendEvents(const Event& row, std::string_view keys, std::vector<Event>& events) {
  for (const json::Value& key : json::Parse(keys).items) {
    events.push_back(row);
    events.back().key = keys.substr(key.begin, key.end - key.begin);
  }
}

}  // namespace

std::string LeaveOf(const Interest& interest) {
  return pg::TextArray(std::vector<std::int64_t>(interest.leave.begin(), interest.leave.end()));
}

std::optional<std::vector<Event>> Outbox::Claim(int limit, std::int64_t floor, int generation,
                                                const Interest& interest) {
  dead_read_ = {};  // Another worker may have recorded one that this batch cures.
  const pg::Result rows = session_.Exec(
      sql::kClaim, {std::to_string(floor), std::to_string(limit), std::to_string(kClaimBytes),
                    std::to_string(generation), LeaveOf(interest), pg::TextArray(interest.mine),
                    pg::TextArray(interest.others)});
  // One row of NULLs means that `generation` is no longer the present one.
  if (rows.rows() == 1 && rows.IsNull(0, 0)) return std::nullopt;
  std::vector<Event> events;
  events.reserve(rows.rows());
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const Event event{rows.Int(row, 0), static_cast<int>(rows.Int(row, 1)), "", rows.Int(row, 3),
                      std::string(rows.Text(row, 4))};
    if (rows.IsNull(row, 2)) {
      events.push_back(event);
    } else {
      AppendEvents(event, rows.Text(row, 2), events);
    }
  }
  return events;
}

int ReadGeneration(pg::Session& session) {
  return static_cast<int>(session.Exec(sql::kGeneration).Int(0, 0));
}

void Outbox::Ack(const std::vector<std::int64_t>& ids) {
  session_.Exec(sql::kAck, {pg::TextArray(ids)});
}

void Outbox::KeepFor(const std::vector<std::int64_t>& ids, const std::vector<std::string>& names) {
  session_.Exec(sql::kKeepFor, {pg::TextArray(ids), pg::TextArray(names)});
}

void Outbox::Enqueue(int source, const std::vector<std::string>& keys) {
  for (std::size_t begin = 0; begin < keys.size(); begin += kKeysPerRow) {
    const std::size_t end = std::min(begin + kKeysPerRow, keys.size());
    std::string array = "[";
    for (std::size_t i = begin; i < end; ++i) {
      if (i > begin) array += ',';
      array += keys[i];
    }
    session_.Exec(sql::kEnqueue,
                  {std::to_string(source), std::to_string(end - begin), array + "]"});
  }
}

bool HasVisible(pg::Session& session, std::int64_t floor, const Interest& interest) {
  return session
      .Exec(sql::kHasVisible, {std::to_string(floor), LeaveOf(interest),
                               pg::TextArray(interest.mine), pg::TextArray(interest.others)})
      .Bool(0, 0);
}

bool TrySleep(pg::Session& session) { return session.Exec(sql::kTrySleep).Bool(0, 0); }

void Awake(pg::Session& session) { session.Exec(sql::kAwake); }

Lag ReadLag(pg::Session& session, std::int64_t floor) {
  const pg::Result rows = session.Exec(sql::kLag, {std::to_string(floor)});
  return {rows.Int(0, 0), std::stod(std::string(rows.Text(0, 1)))};
}

bool Outbox::HasDeadLetters(const std::string& index) {
  const auto now = std::chrono::steady_clock::now();
  if (now - dead_read_ > kDeadAge) {
    dead_.clear();
    dead_read_ = now;
  }
  const auto [known, fresh] = dead_.try_emplace(index);
  if (fresh) known->second = session_.Exec(sql::kHasDead, {index}).Bool(0, 0);
  return known->second;
}

}  // namespace pgsluice::outbox
