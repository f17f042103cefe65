#include "pgsluice/sync/bulk_writer.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <tuple>

#include "pgsluice/observe/trace.h"
#include "pgsluice/plan/unsearchable.h"

namespace pgsluice::sync {

namespace {

// Columns of Plan::read_by_key and of block statements.
constexpr std::size_t kVersion = 0, kId = 1, kDocument = 2, kRouting = 3;
// Approximate size of the action line before a document, without the id.
constexpr std::size_t kActionBytes = 100;
// The engine remembers the version of a deleted document for index.gc_deletes. A write that waited
// longer than that could bring the document back, so a request waits much less.
constexpr std::chrono::milliseconds kBulkTimeout{30'000};

void Append(engine::BulkBody& body, const plan::Plan& plan, const plan::Unsearchable& unsearchable,
            const pg::Result& rows, std::size_t row) {
  const std::int64_t version = rows.Int(row, kVersion);
  const std::string_view routing = rows.Text(row, kRouting);
  if (rows.IsNull(row, kDocument)) {
    body.Delete(rows.Text(row, kId), version, routing);
  } else {
    const std::string_view document = rows.Text(row, kDocument);
    const std::optional<std::string> marked = unsearchable.Mark(document);
    body.Index(rows.Text(row, kId), marked ? *marked : document, version, routing,
               plan.config.pipeline);
  }
}

/// Keeps one failure per document, because both indexes of a reindex may refuse the same one.
void OncePerDocument(std::vector<Failure>& failures) {
  std::sort(failures.begin(), failures.end(), [](const Failure& a, const Failure& b) {
    return std::tie(a.id, a.routing) < std::tie(b.id, b.routing);
  });
  const auto same = [](const Failure& a, const Failure& b) {
    return a.id == b.id && a.routing == b.routing;
  };
  failures.erase(std::unique(failures.begin(), failures.end(), same), failures.end());
}

}  // namespace

WriteReport BulkWriter::Write(const LiveIndex& index, const pg::Result& rows, bool collect_done) {
  WriteReport report;
  if (rows.rows() == 0) return report;
  // Recorded before the request, because the engine may have the version even if no response
  // arrives.
  monitor_.Issued(rows.Int(0, kVersion));
  for (const Target& target : index.targets) WriteTo(target, index, rows, report);
  if (index.targets.size() > 1) {
    OncePerDocument(report.rejected);
    OncePerDocument(report.retry);
  }
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const bool gone = rows.IsNull(row, kDocument);
    (gone ? report.deleted : report.indexed) += 1;
    report.bytes += rows.Text(row, kDocument).size();
    if (collect_done) report.done.emplace_back(rows.Text(row, kId));
  }
  const std::string& name = index.plan->name;
  if (report.indexed > 0) monitor_.Indexed(name).Add(static_cast<double>(report.indexed));
  if (report.deleted > 0) monitor_.Deleted(name).Add(static_cast<double>(report.deleted));
  for (const Failure& failure : report.rejected) {
    monitor_.Errors(name, "rejected").Add();
    std::erase(report.done, failure.id);
  }
  for (const Failure& failure : report.retry) {
    monitor_.Errors(name, "retry").Add();
    std::erase(report.done, failure.id);
  }
  return report;
}

void BulkWriter::WriteTo(const Target& target, const LiveIndex& index, const pg::Result& rows,
                         WriteReport& report) {
  std::size_t begin = 0;
  std::size_t bytes = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const std::size_t size = rows.Text(row, kDocument).size();
    if (row > begin && bytes + size > bulk_bytes_) {
      Send(target, index, rows, {begin, row}, report);
      begin = row;
      bytes = 0;
    }
    bytes += size;
  }
  Send(target, index, rows, {begin, rows.rows()}, report);
}

void BulkWriter::Send(const Target& target, const LiveIndex& index, const pg::Result& rows,
                      Range range, WriteReport& report) {
  engine::BulkBody body(target.name);
  std::size_t bytes = 0;
  for (std::size_t row = range.begin; row < range.end; ++row) {
    bytes += rows.Text(row, kDocument).size() + rows.Text(row, kId).size() + kActionBytes;
  }
  body.Reserve(bytes);
  const plan::Unsearchable unsearchable(*index.plan, engine_.Detect().opensearch);
  for (std::size_t row = range.begin; row < range.end; ++row) {
    Append(body, *index.plan, unsearchable, rows, row);
  }
  observe::Span span(observe::SpanKind::kClient, "bulk");
  span.Set("pgsluice.index", target.name);
  span.Set("pgsluice.documents", static_cast<std::int64_t>(body.size()));
  const auto start = std::chrono::steady_clock::now();
  const engine::BulkResult result = engine_.Bulk(body, kBulkTimeout);
  monitor_.bulk_seconds.Observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  if (result.all_done) return;
  if (result.index_missing || result.too_large) span.Fail();
  if (result.index_missing) throw IndexMissing(target.name);
  // Halves the request until it fits, or until a single document is left that the engine refuses.
  if (result.too_large && range.end - range.begin > 1) {
    const std::size_t middle = range.begin + (range.end - range.begin) / 2;
    Send(target, index, rows, {range.begin, middle}, report);
    Send(target, index, rows, {middle, range.end}, report);
    return;
  }
  if (result.too_large) {
    report.rejected.push_back(
        {std::string(rows.Text(range.begin, kId)), std::string(rows.Text(range.begin, kRouting)),
         "the engine refuses a request of this size (413): " + std::to_string(body.bytes()) +
             " bytes",
         413});
    return;
  }
  ReadItems(result, rows, range, report);
}

void BulkWriter::ReadItems(const engine::BulkResult& result, const pg::Result& rows, Range range,
                           WriteReport& report) const {
  for (std::size_t i = 0; i < result.items.size(); ++i) {
    const engine::ItemResult& item = result.items[i];
    if (item.outcome == engine::Outcome::kDone) continue;
    Failure failure{std::string(rows.Text(range.begin + i, kId)),
                    std::string(rows.Text(range.begin + i, kRouting)), item.error, item.status};
    const bool rejected = item.outcome == engine::Outcome::kRejected;
    (rejected ? report.rejected : report.retry).push_back(std::move(failure));
  }
}

}  // namespace pgsluice::sync
