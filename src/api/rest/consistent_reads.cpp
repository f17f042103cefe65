#include "api/rest/consistent_reads.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "api/rest/problems.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/observe/trace.h"

namespace pgsluice::api {

using query::Problem;

std::string_view NameOf(Partial partial) {
  switch (partial) {
    case Partial::kNo:
      return "";
    case Partial::kShards:
      return "shards";
    case Partial::kBackfilling:
      return "backfilling";
    case Partial::kBroken:
      return "broken";
  }
  return "";
}

Partial ConsistentReads::BringUp(const ResolvedRequest& asked, const Request& request) {
  const std::string& name = asked.index.plan->name;
  const bool broken = asked.index.state == "broken";  // It serves its last documents.
  if (!asked.request.strong && asked.request.after.empty()) {
    if (broken) return Partial::kBroken;
    const bool filling = asked.index.filling || freshness_.IsFilling(name);
    if (filling && asked.index.plan->config.search.refuse_incomplete) throw StillCopied();
    return filling ? Partial::kBackfilling : Partial::kNo;
  }
  const observe::Span span(observe::SpanKind::kInternal, "wait for the sync", request.traceparent);
  if (sync_ != nullptr) {
    if (asked.request.strong) WaitFor(PositionNow(name), name, asked.request.wait, request.socket);
    if (!asked.request.after.empty())
      WaitFor(asked.request.after, name, asked.request.wait, request.socket);
  }
  engine_.Refresh({asked.index.alias}, request);
  if (IsRedefined(asked)) throw Redefined();
  return broken ? Partial::kBroken : Partial::kNo;  // The first copy was waited for.
}

bool ConsistentReads::IsRedefined(const ResolvedRequest& asked) const {
  const auto indexes = backend_.indexes();
  const auto found = indexes->find(asked.index.plan->name);
  return found == indexes->end() || found->second.plan != asked.index.plan;
}

void ConsistentReads::WaitFor(const std::string& token, const std::string& index,
                              std::chrono::milliseconds wait, int caller) {
  using Clock = std::chrono::steady_clock;
  const Gate::Waiting waiting(gate_);
  const auto deadline = Clock::now() + wait;
  bool reached = false;
  try {
    do {
      const auto slice = std::min(deadline, Clock::now() + std::chrono::milliseconds(250));
      reached = sync_->WaitUntilApplied(token, index, slice);
      if (!reached && http::PeerGone(caller)) throw Gone();
    } while (!reached && Clock::now() < deadline && !gate_.stopping());
  } catch (const Problem&) {
    throw;
  } catch (const Error& error) {
    if (error.disposition() != Disposition::kReject) throw NoDatabase(error);
    query::Reject("invalid_parameter", "after", std::nullopt,
                  fmt::format("'after': {}", error.what()));
  }
  if (!reached && gate_.stopping()) {
    throw Problem(503, "overloaded", "the service is about to stop").RetryAfter(1);
  }
  if (!reached) {
    throw Problem(504, "sync_wait_timeout",
                  fmt::format("not searchable within {} ms", wait.count()));
  }
}

std::string ConsistentReads::PositionNow(const std::string& index) {
  try {
    SyncState& sync = *sync_;
    if (!index.empty()) return sync.Position(sync.DatabaseOf(index));
    std::string all;
    for (const std::string& name : sync.DatabaseNames()) {
      if (!all.empty()) all += ',';
      all += (name.empty() ? "" : name + ':') + sync.Position(name);
    }
    return all;
  } catch (const Error& error) {
    throw NoDatabase(error);
  }
}

std::int64_t ConsistentReads::LagMs(const std::string& index) const {
  return sync_ == nullptr ? 0 : sync_->lag_ms(sync_->DatabaseOf(index));
}

std::string ConsistentReads::Meta(const ResolvedRequest& asked, const Request& request,
                                  Partial partial) const {
  const std::string_view reason = NameOf(partial);
  const std::string why = reason.empty() ? R"("partial":false)"
                                         : fmt::format(R"("partial":true,"reason":"{}")", reason);
  const std::string fallback =
      asked.fallback.empty() ? "" : R"("fallback":)" + json::Quote(asked.fallback) + ",";
  return fmt::format(R"("index":{},{}"lag_ms":{},"request_id":{},{})",
                     json::Quote(asked.index.plan->name), fallback, LagMs(asked.index.plan->name),
                     json::Quote(request.id), why);
}

}  // namespace pgsluice::api
