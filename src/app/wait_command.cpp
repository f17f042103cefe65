#include <algorithm>
#include <charconv>
#include <ostream>
#include <thread>

#include "commands.h"
#include "local_service.h"
#include "pgsluice/config/values.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/migrate/migrator.h"
#include "pgsluice/outbox/outbox.h"

namespace pgsluice::app {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

milliseconds Left(Clock::time_point deadline) {
  return std::max(milliseconds(0),
                  std::chrono::duration_cast<milliseconds>(deadline - Clock::now()));
}

std::int64_t ParseToken(const std::string& token) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), id);
  if (error != std::errc() || end != token.data() + token.size() || id < 0) {
    throw UsageError("\"" + token + "\" is no token",
                     "a token is what SELECT pgsluice.position() answers after COMMIT");
  }
  return id;
}

/// Lets the service wait. Nothing when no service here will do it for us.
std::optional<bool> WaitByService(const config::Config& config, std::int64_t token,
                                  Clock::time_point deadline) {
  for (;;) {
    const milliseconds wait = std::min(Left(deadline), milliseconds(30000));
    const auto answer = AskService(config.listen, config.tls,
                                   "/v1/sync/wait?after=" + std::to_string(token) +
                                       "&wait=" + std::to_string(wait.count()) + "ms",
                                   wait + milliseconds(5000));
    if (answer && answer->status == 200) return true;
    if (!answer || answer->status != 504) return std::nullopt;
    if (Left(deadline).count() == 0) return false;
  }
}

/// Watches the outbox, as some other process works on it.
bool WaitByDatabase(pg::Session& session, std::int64_t token, Clock::time_point deadline) {
  constexpr milliseconds kStep(20);
  while (outbox::AnyVisibleUpTo(session, token)) {
    if (Left(deadline).count() == 0) return false;
    std::this_thread::sleep_for(std::min(kStep, Left(deadline)));
  }
  return true;
}

void Refresh(const config::Config& config, pg::Session& session) {
  const auto client = engine::MakeTransport(config.elasticsearch);
  const pg::Result rows = session.Exec("SELECT index_name FROM pgsluice.index_state");
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    http::Request request;
    request.method = "POST";
    request.path =
        '/' + http::Encode(config.elasticsearch.index_prefix + std::string(rows.Text(row, 0))) +
        "/_refresh";
    const http::Response answer = client->Send(request);
    if (answer.status >= 300) {
      throw Error(Disposition::kRetry, "the engine did not refresh " +
                                           std::string(rows.Text(row, 0)) + ": " +
                                           std::to_string(answer.status));
    }
  }
}

}  // namespace

int RunWait(const Context& context) {
  const auto timeout = config::ParseDuration(context.invocation.Option("timeout", "30s"));
  if (!timeout) throw UsageError("--timeout must be a time as in 500ms, 30s, 2m", "");
  const auto deadline = Clock::now() + *timeout;
  std::int64_t token = 0;
  if (context.invocation.Has("after")) token = ParseToken(context.invocation.Option("after"));
  pg::Session session({.url = context.config.database.url});
  migrate::Migrator::CheckVersion(session);
  if (!context.invocation.Has("after")) {
    token = session.Exec("SELECT pgsluice.position()::bigint").Int(0, 0);
  }
  auto done = WaitByService(context.config, token, deadline);
  if (!done) {
    done = WaitByDatabase(session, token, deadline);
    if (*done) Refresh(context.config, session);
  }
  if (*done) return kOk;
  context.err << "pgsluice: error: not everything was written in time\n"
                 "  hint: pgsluice status shows what is left\n";
  return kTimeout;
}

}  // namespace pgsluice::app
