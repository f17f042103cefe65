#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "fuzz/fuzz.h"
#include "pgsluice/base/mutex.h"
#include "pgsluice/http/transport.h"

/// What something in the engine's place sends, before it closes the connection: an answer or an
/// Error, never anything else.
namespace pgsluice::fuzz {
namespace {

class Imposter {
 public:
  Imposter() : listening_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    Require(::bind(listening_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                ::listen(listening_, 16) == 0 &&
                ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) == 0,
            "cannot listen");
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] {
      while (true) Serve();
    });
  }
  std::uint16_t port() const { return port_; }
  void Answer(std::string bytes) {
    const base::MutexLock lock(mutex_);
    answer_ = std::move(bytes);
  }

 private:
  void Serve() {
    const int socket = ::accept(listening_, nullptr, nullptr);
    std::string head;
    char buffer[4096];
    while (head.find("\r\n\r\n") == std::string::npos) {
      const ssize_t read = ::recv(socket, buffer, sizeof buffer, 0);
      if (read <= 0) break;
      head.append(buffer, static_cast<std::size_t>(read));
    }
    std::string answer;
    {
      const base::MutexLock lock(mutex_);
      answer = answer_;
    }
    ::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
    ::close(socket);
  }

  const int listening_;
  std::uint16_t port_ = 0;
  base::Mutex mutex_;
  std::string answer_ PGSLUICE_GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace
}  // namespace pgsluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  static auto& imposter = *new fuzz::Imposter;
  static http::Transport& client = *[] {
    http::ClientOptions options;
    options.urls = {"http://127.0.0.1:" + std::to_string(imposter.port())};
    return http::MakeClient(options).release();
  }();
  const std::string text(fuzz::Text(data, size));
  imposter.Answer(text);
  try {
    http::Request request;
    request.path = "/";
    request.timeout = std::chrono::milliseconds(5000);
    const http::Response response = client.Send(request);
    fuzz::Require(response.status >= 100 && response.status <= 999, "no status", text);
    fuzz::Require(response.body.size() <= text.size(), "more than was sent", text);
  } catch (const Error& error) {
    const bool timed_out = dynamic_cast<const http::TimedOut*>(&error) != nullptr;
    fuzz::Require(!timed_out, "waits although the connection is closed", text);
  }
  return 0;
}
