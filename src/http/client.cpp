#include <atomic>
#include <csignal>

#include "http/endpoint.h"
#include "http/tls.h"

namespace pgsluice::http {

namespace {

// OpenSSL writes to sockets without MSG_NOSIGNAL, so a peer that disconnects would end the process.
void IgnoreBrokenPipes() {
  struct sigaction old {};
  if (sigaction(SIGPIPE, nullptr, &old) == 0 && old.sa_handler == SIG_DFL) {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, nullptr);
  }
}

class Client : public Transport {
 public:
  explicit Client(const ClientOptions& options) {
    IgnoreBrokenPipes();
    if (options.urls.empty()) {
      throw Error(Disposition::kFatal, "no URL of a search engine is configured",
                  "set elasticsearch.urls or PGSLUICE_ELASTICSEARCH_URL");
    }
    Poco::Net::Context::Ptr tls;
    const auto signer = options.aws ? std::make_shared<AwsSigner>(*options.aws) : nullptr;
    for (const std::string& url : options.urls) {
      Address address = ParseAddress(url);
      if (address.tls && tls.isNull()) tls = MakeTlsContext(options);
      std::string authorization = Authorization(options, address);
      endpoints_.push_back(
          std::make_unique<Endpoint>(std::move(address), std::move(authorization), tls, signer));
    }
  }

  Response Send(const Request& request) override {
    const auto deadline = Clock::now() + request.timeout;
    const std::vector<Endpoint*> order = Order();
    for (std::size_t i = 0;; ++i) {
      try {
        return order[i]->Send(request, deadline);
      } catch (const SendError& e) {
        const bool last = i + 1 == order.size() || Clock::now() >= deadline;
        if (!last && MayGoElsewhere(request, e)) continue;
        if (e.timed_out() && e.stage() != Stage::kConnecting) throw TimedOut(e);
        throw;
      }
    }
  }

 private:
  // In turn. Those that failed lately come last, but are still tried, because there may be no
  // other.
  std::vector<Endpoint*> Order() {
    const std::size_t first = next_.fetch_add(1, std::memory_order_relaxed);
    const auto now = Clock::now();
    std::vector<Endpoint*> order;
    std::vector<Endpoint*> resting;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
      Endpoint* endpoint = endpoints_[(first + i) % endpoints_.size()].get();
      (endpoint->Resting(now) ? resting : order).push_back(endpoint);
    }
    order.insert(order.end(), resting.begin(), resting.end());
    return order;
  }

  // Searches and versioned writes may arrive twice. Creating or deleting an index may not, because
  // the second request would fail.
  static bool MayGoElsewhere(const Request& request, const SendError& error) {
    if (error.stage() == Stage::kConnecting) return true;
    const bool repeatable = request.method != "PUT" && request.method != "DELETE";
    return repeatable && error.stage() == Stage::kWaiting && !error.timed_out();
  }

  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace

std::unique_ptr<Transport> MakeClient(const ClientOptions& options) {
  return std::make_unique<Client>(options);
}

}  // namespace pgsluice::http
