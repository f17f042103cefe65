#include "pgsluice/outbox/outbox.h"

#include "outbox/outbox_sql.h"
#include "pgsluice/pg/text_array.h"

namespace pgsluice::outbox {

namespace {

constexpr std::chrono::seconds kDeadAge{1};

}  // namespace

std::vector<Event> Outbox::Claim(int limit, std::int64_t floor) {
  const pg::Result rows =
      session_.Exec(sql::kClaim, {std::to_string(floor), std::to_string(limit)});
  std::vector<Event> events;
  events.reserve(rows.rows());
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    events.push_back({rows.Int(row, 0), static_cast<int>(rows.Int(row, 1)),
                      std::string(rows.Text(row, 2)), rows.Int(row, 3)});
  }
  return events;
}

void Outbox::Ack(const std::vector<std::int64_t>& ids) {
  session_.Exec(sql::kAck, {pg::TextArray(ids)});
}

void Outbox::Enqueue(int source, const std::vector<std::string>& keys) {
  std::string array = "[";
  for (const std::string& key : keys) {
    if (array.size() > 1) array += ',';
    array += key;
  }
  session_.Exec(sql::kEnqueue, {std::to_string(source), array + "]"});
}

bool HasVisible(pg::Session& session, std::int64_t floor) {
  return session.Exec(sql::kHasVisible, {std::to_string(floor)}).Bool(0, 0);
}

bool AnyVisibleUpTo(pg::Session& session, std::int64_t id) {
  return session.Exec(sql::kAnyUpTo, {std::to_string(id)}).Bool(0, 0);
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
    dead_ = CountDeadLetters(session_);
    dead_read_ = now;
  }
  return dead_.contains(index);
}

}  // namespace pgsluice::outbox
