#include "outbox/outbox_sql.h"
#include "pgsluice/outbox/outbox.h"
#include "pgsluice/pg/text_array.h"

namespace pgsluice::outbox {

void Outbox::RecordDeadLetter(const std::string& index, const std::string& document_id,
                              const std::string& key, const std::string& error, int status,
                              std::optional<int> source) {
  session_.Exec(sql::kRecordDead, {index, document_id, key, error, std::to_string(status),
                                   source ? pg::Param(std::to_string(*source)) : pg::Param()});
  dead_[index] = true;
}

void Outbox::DropDeadLetters(const std::string& index,
                             const std::vector<std::string>& document_ids) {
  session_.Exec(sql::kDropDead, {index, pg::TextArray(document_ids)});
}

std::map<std::string, std::int64_t> CountDeadLetters(pg::Session& session) {
  std::map<std::string, std::int64_t> counts;
  const pg::Result rows = session.Exec(sql::kCountDead);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    counts.emplace(rows.Text(row, 0), rows.Int(row, 1));
  }
  return counts;
}

std::vector<DeadLetter> ListDeadLetters(pg::Session& session) {
  std::vector<DeadLetter> letters;
  const pg::Result rows = session.Exec(sql::kListDead);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const auto text = [&](std::size_t column) { return std::string(rows.Text(row, column)); };
    letters.push_back({rows.Int(row, 0), text(1), text(2), text(3), text(4),
                       static_cast<int>(rows.Int(row, 5)), static_cast<int>(rows.Int(row, 6)),
                       text(7), text(8)});
  }
  return letters;
}

std::int64_t RetryDeadLetters(pg::Session& session, const std::vector<std::int64_t>& ids) {
  return session.Exec(sql::kRetryDead, {pg::TextArray(ids)}).affected();
}

std::int64_t RetryDeadLettersOf(pg::Session& session, const std::string& index) {
  return session.Exec(sql::kRetryDeadOf, {index}).affected();
}

std::int64_t DiscardDeadLetters(pg::Session& session, const std::vector<std::int64_t>& ids) {
  return session.Exec(sql::kDiscardDead, {pg::TextArray(ids)}).affected();
}

}  // namespace pgsluice::outbox
