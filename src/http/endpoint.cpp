#include "http/endpoint.h"

#include <utility>

namespace pgsluice::http {

namespace {

constexpr std::chrono::seconds kRest{5};
constexpr std::size_t kMaxIdle = 64;

}  // namespace

Endpoint::Endpoint(Address address, std::string authorization, Poco::Net::Context::Ptr tls,
                   std::shared_ptr<AwsSigner> signer)
    : address_(std::move(address)),
      authorization_(std::move(authorization)),
      tls_(std::move(tls)),
      signer_(std::move(signer)) {}

bool Endpoint::Resting(Clock::time_point now) const {
  return now.time_since_epoch().count() < rest_until_.load(std::memory_order_relaxed);
}

Response Endpoint::Send(const Request& request, Clock::time_point deadline) {
  if (!signer_) return Transfer(request, deadline);
  Response response = Transfer(signer_->Signed(request, address_), deadline);
  if (response.status == 403) signer_->Forget();  // Perhaps they expired early.
  return response;
}

Response Endpoint::Transfer(const Request& request, Clock::time_point deadline) {
  if (auto connection = TakeIdle()) {
    try {
      return SendOn(std::move(connection), request, deadline);
    } catch (const SendError& e) {
      if (e.stage() == Stage::kReading || e.timed_out()) throw;
    }
  }
  return SendOn(std::make_unique<Connection>(address_, tls_), request, deadline);
}

Response Endpoint::SendOn(std::unique_ptr<Connection> connection, const Request& request,
                          Clock::time_point deadline) {
  try {
    Response response = connection->Exchange(request, authorization_, deadline);
    rest_until_.store(0, std::memory_order_relaxed);
    if (connection->reusable()) PutBack(std::move(connection));
    return response;
  } catch (const Error& e) {
    if (e.disposition() != Disposition::kRetry) throw;
    if (!connection->reused() || connection->timed_out()) {
      const auto until = Clock::now() + kRest;
      rest_until_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
    }
    throw SendError(e, connection->stage(), connection->timed_out());
  }
}

std::unique_ptr<Connection> Endpoint::TakeIdle() {
  for (;;) {
    std::unique_ptr<Connection> connection;
    {
      const base::MutexLock lock(mutex_);
      if (idle_.empty()) return nullptr;
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    if (!connection->Stale(Clock::now())) return connection;
  }
}

void Endpoint::PutBack(std::unique_ptr<Connection> connection) {
  const auto now = Clock::now();
  std::vector<std::unique_ptr<Connection>> stale;  // Closed after the lock is released.
  const base::MutexLock lock(mutex_);
  // Connections that were idle for long are in front.
  while (!idle_.empty() && (idle_.size() >= kMaxIdle || idle_.front()->Expired(now))) {
    stale.push_back(std::move(idle_.front()));
    idle_.erase(idle_.begin());
  }
  idle_.push_back(std::move(connection));
}

}  // namespace pgsluice::http
