#include "sync/verify/pass.h"

#include <array>

#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/pg/text_array.h"
#include "pgsluice/sync/advisory_lock.h"

namespace pgsluice::sync {

namespace {

constexpr std::array<std::string_view, 3> kStages = {"idle", "rows", "ids"};

const pg::Statement kMake{"pass_make", R"sql(
  INSERT INTO pgsluice.pass (index_name)
  SELECT name FROM pg_catalog.unnest($1::text[]) AS names (name)
  ON CONFLICT (index_name) DO NOTHING)sql"};

const pg::Statement kLoad{"pass_load", R"sql(
  SELECT index_name, subject, stage, relation, filenode, next_block, reached, mending::text,
         compared, differences, repaired,
         floor(extract(epoch FROM pg_catalog.clock_timestamp() - started_at) * 1000)::bigint,
         floor(extract(epoch FROM complete_at))::bigint
  FROM pgsluice.pass WHERE index_name = ANY ($1::text[])
  ORDER BY stage = 'idle', started_at, index_name)sql"};

const pg::Statement kUntilRate{"pass_until_rate", R"sql(
  SELECT ceil(extract(epoch FROM max(next_at) - pg_catalog.clock_timestamp()) * 1000)::bigint
  FROM pgsluice.pass)sql"};

const pg::Statement kLock{
    "pass_lock", "SELECT pg_catalog.pg_try_advisory_lock(1886612591, pg_catalog.hashtext($1))"};
const pg::Statement kUnlock{
    "pass_unlock", "SELECT pg_catalog.pg_advisory_unlock(1886612591, pg_catalog.hashtext($1))"};

const pg::Statement kNumber{"pass_lock_number", "SELECT pg_catalog.hashtext($1)"};

const pg::Statement kBegin{"pass_begin", R"sql(
  UPDATE pgsluice.pass
  SET subject = $2, stage = 'rows', relation = 0, filenode = 0, next_block = 0, reached = '',
      mending = '[]', compared = 0, differences = 0, repaired = 0,
      started_at = pg_catalog.clock_timestamp()
  WHERE index_name = $1)sql"};

const pg::Statement kSave{"pass_save", R"sql(
  UPDATE pgsluice.pass
  SET stage = $2, relation = $3::oid, filenode = $4::oid, next_block = $5::bigint, reached = $6,
      mending = $7::jsonb, compared = $8::bigint, differences = $9::bigint, repaired = $10::bigint,
      next_at = CASE WHEN $11::bigint = 0 THEN next_at
                ELSE greatest((SELECT max(p.next_at) FROM pgsluice.pass p),
                              pg_catalog.clock_timestamp()) + $11::bigint * interval '1 ms' END
  WHERE index_name = $1)sql"};

const pg::Statement kComplete{"pass_complete", R"sql(
  UPDATE pgsluice.pass
  SET stage = 'idle', mending = '[]', complete_at = pg_catalog.clock_timestamp(),
      complete_compared = compared, complete_differences = differences,
      complete_repaired = repaired
  WHERE index_name = $1)sql"};

std::string JsonTexts(const std::vector<std::string>& texts) {
  std::string array = "[";
  for (const std::string& text : texts) {
    if (array.size() > 1) array += ',';
    json::AppendString(array, text);
  }
  return array + "]";
}

Pass::Stage StageOf(std::string_view name) {
  if (name == kStages[1]) return Pass::Stage::kRows;
  return name == kStages[2] ? Pass::Stage::kIds : Pass::Stage::kIdle;
}

Pass Read(const pg::Result& rows, std::size_t row) {
  const auto text = [&](std::size_t column) { return std::string(rows.Text(row, column)); };
  const auto oid = [&](std::size_t column) {
    return static_cast<std::uint32_t>(rows.Int(row, column));
  };
  Pass pass;
  pass.index = text(0);
  pass.subject = text(1);
  pass.stage = StageOf(rows.Text(row, 2));
  pass.relation = oid(3);
  pass.filenode = oid(4);
  pass.next_block = rows.Int(row, 5);
  pass.reached = text(6);
  for (const json::Value& id : json::Parse(rows.Text(row, 7)).items) {
    pass.mending.push_back(id.text);
  }
  pass.compared = rows.Int(row, 8);
  pass.differences = rows.Int(row, 9);
  pass.repaired = rows.Int(row, 10);
  pass.since_start = std::chrono::milliseconds(rows.Int(row, 11));
  if (!rows.IsNull(row, 12)) pass.complete_at = rows.Int(row, 12);
  return pass;
}

}  // namespace

std::vector<Pass> Passes::Load(const std::vector<std::string>& indexes) {
  const std::string names = pg::TextArray(indexes);
  pg::Result rows = session_.Exec(kLoad, {names});
  if (rows.rows() < indexes.size()) {
    session_.Exec(kMake, {names});
    rows = session_.Exec(kLoad, {names});
  }
  std::vector<Pass> passes;
  for (std::size_t row = 0; row < rows.rows(); ++row) passes.push_back(Read(rows, row));
  return passes;
}

std::chrono::milliseconds Passes::UntilRate() {
  const pg::Result rows = session_.Exec(kUntilRate);
  return std::chrono::milliseconds(rows.IsNull(0, 0) ? 0 : rows.Int(0, 0));
}

bool Passes::Lock(const std::string& index) {
  if (!Holds(index) && session_.Exec(kLock, {index}).Bool(0, 0)) locked_.insert(index);
  return Holds(index);
}

std::string Passes::Stranger(const std::string& index) {
  const std::int64_t number = session_.Exec(kNumber, {index}).Int(0, 0);
  return StrangerWith(session_, kPassLocks, static_cast<std::int32_t>(number));
}

void Passes::Unlock(const std::string& index) {
  if (locked_.erase(index) > 0) session_.Exec(kUnlock, {index});
}

void Passes::Begin(Pass& pass, const std::string& subject) {
  session_.Exec(kBegin, {pass.index, subject});
  Pass fresh;
  fresh.index = pass.index;
  fresh.subject = subject;
  fresh.stage = Pass::Stage::kRows;
  fresh.complete_at = pass.complete_at;
  pass = std::move(fresh);
}

void Passes::Save(const Pass& pass, std::chrono::milliseconds cost) {
  session_.Exec(kSave, {pass.index, std::string(kStages.at(static_cast<std::size_t>(pass.stage))),
                        std::to_string(pass.relation), std::to_string(pass.filenode),
                        std::to_string(pass.next_block), pass.reached, JsonTexts(pass.mending),
                        std::to_string(pass.compared), std::to_string(pass.differences),
                        std::to_string(pass.repaired), std::to_string(cost.count())});
}

void Passes::Complete(Pass& pass) {
  session_.Exec(kComplete, {pass.index});
  pass.stage = Pass::Stage::kIdle;
}

}  // namespace pgsluice::sync
