#include "api/http/http_guard.h"

#include <Poco/Net/StreamSocketImpl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spdlog/fmt/fmt.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "api/http/host_rule.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::api {

namespace {

using Poco::Net::PollSet;
using std::chrono::milliseconds;

constexpr int kBacklog = 256;
constexpr int kAccepted = 64;           // At a time, before other connections are served.
constexpr milliseconds kLook{250};      // Between checks of the deadlines.
constexpr milliseconds kSoon{5};        // The next request of a busy caller comes within this.
constexpr milliseconds kStalled{1000};  // A reader that accepted nothing for this long may be cut.
constexpr milliseconds kPatience{200};  // After that, the slowest one is cut anyway.
constexpr milliseconds kLinger{1000};   // For reading and dropping before closing.
constexpr std::size_t kOtherFiles = 256;  // For the engine, the database and others.

/// Returns how many connections may be open, considering file descriptors.
std::size_t MostConnections() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return std::max<std::size_t>(limit.rlim_cur, 2 * kOtherFiles) - kOtherFiles;
}

/// The constructor that takes an implementation is protected.
class Accepted : public Poco::Net::StreamSocket {
 public:
  explicit Accepted(int socket) : StreamSocket(new Poco::Net::StreamSocketImpl(socket)) {}
};

}  // namespace

HttpGuard::HttpGuard(const HttpLimits& limits, std::function<int()> queued)
    : limits_(limits),
      queued_(std::move(queued)),
      most_(MostConnections()),
      most_per_address_(limits.per_address > 0 ? limits.per_address : most_ / 4 * 3) {}

void HttpGuard::Listen(const Poco::Net::SocketAddress& address, std::unique_ptr<TlsFiles> tls) {
  tls_ = std::move(tls);
  // A third argument is needed, because with two, Poco also sets SO_REUSEPORT and two processes
  // could share the port unnoticed.
  listening_.bind(address, true, false);
  listening_.listen(kBacklog);
  listening_.setBlocking(false);
  const base::MutexLock lock(mutex_);
  AcceptAgain();
}

bool HttpGuard::Wait(milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  while (ready_.empty() && !draining_) {
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    if (left <= milliseconds(0)) break;
    Turn(std::min(left, kLook));
  }
  return !ready_.empty();
}

HttpGuard::Ready HttpGuard::Next() {
  Ready next = std::move(ready_.front());
  ready_.pop_front();
  return next;
}

void HttpGuard::Turn(milliseconds timeout) {
  for (const auto& [socket, mode] : polled_.poll(Poco::Timespan(timeout.count() * 1000))) {
    if (socket == listening_) {
      Accept();
      continue;
    }
    // Looked up again, because another thread may have dropped the connection since poll().
    Connection connection;
    {
      const base::MutexLock lock(mutex_);
      const auto found = connections_.find(socket.impl()->sockfd());
      if (found != connections_.end() && found->second->watched != 0) connection = found->second;
    }
    if (connection) Process(connection);
  }
  if (Clock::now() >= next_look_) CheckDeadlines();
}

void HttpGuard::Accept() {
  for (int i = 0; i < kAccepted; ++i) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    const int socket = ::accept4(listening_.impl()->sockfd(), reinterpret_cast<sockaddr*>(&storage),
                                 &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket >= 0) {
      Admit(socket, Poco::Net::SocketAddress(reinterpret_cast<sockaddr*>(&storage), size));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      Warn("files", "no file descriptor is left for a connection", "raise the limit of open files");
      if (!CloseAnIdleOne()) StopAccepting();
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void HttpGuard::StopAccepting() {
  const base::MutexLock lock(mutex_);
  if (std::exchange(accepting_, false)) polled_.remove(listening_);
}

void HttpGuard::AcceptAgain() {
  if (closing_ || std::exchange(accepting_, true)) return;
  polled_.add(listening_, PollSet::POLL_READ);
}

void HttpGuard::Admit(int socket, const Poco::Net::SocketAddress& peer) {
  const Accepted accepted(socket);
  const std::string host = peer.host().toString();
  if (open() >= most_ && !CloseAnIdleOne()) {
    return Warn("too_many", "a connection was refused: too many are open",
                "raise the limit of open files");
  }
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto channel = tls_ ? MakeTlsChannel(socket, tls_->Current()) : MakeChannel(socket);
  const auto connection =
      std::make_shared<HttpConnection>(accepted, std::move(channel), limits_, peer);
  {
    const base::MutexLock lock(mutex_);
    std::size_t& same = of_address_[host];
    if (same < most_per_address_) {
      ++same;
      connections_[socket] = connection;
    }
    if (connections_.count(socket) == 0) {
      return Warn("address", "a connection was refused: too many from one address",
                  "raise limits.connections_per_address if these are honest callers");
    }
  }
  const Phase phase = tls_ ? Phase::kHandshake : Phase::kReading;
  Watch(connection, phase, Need::kRead, Clock::now() + (tls_ ? limits_.deadline : limits_.idle));
}

void HttpGuard::Process(const Connection& connection) {
  if (connection->phase == Phase::kHandshake) {
    const Need need = connection->Open();
    if (need == Need::kEnd) return Drop(connection);
    const auto now = Clock::now();
    if (need != Need::kNothing) {
      return Watch(connection, Phase::kHandshake, need, connection->deadline);
    }
    Watch(connection, Phase::kReading, Need::kRead, now + limits_.idle);
  }
  switch (connection->phase) {
    case Phase::kReading:
      return Read(connection);
    case Phase::kSending:
      return Send(connection);
    case Phase::kLingering:
      if (!connection->Discard()) Drop(connection);
      return;
    case Phase::kHandshake:
    case Phase::kWorking:
      return;
  }
}

void HttpGuard::Read(const Connection& connection) {
  HttpParser& parser = connection->parser();
  const bool fresh = parser.empty();
  Need need = parser.whole() ? Need::kNothing : connection->Receive();
  if (need == Need::kEnd) return Drop(connection);
  if (!CountRequest(*connection)) {
    parser.Refuse({503, "overloaded", "too many requests are running"});
    need = Need::kNothing;
  }
  if (need == Need::kNothing) return TakeRequest(connection);
  // The deadline of a request starts with its first byte; before that, the idle limit applies.
  const bool begins = fresh && !parser.empty();
  Watch(connection, Phase::kReading, need,
        begins ? Clock::now() + limits_.deadline : connection->deadline);
}

void HttpGuard::TakeRequest(const Connection& connection) {
  if (closing_) return Drop(connection);
  if (queued_() + static_cast<int>(ready_.size()) >= limits_.queued) {
    Warn("queue", "a connection was closed: too many requests wait for a thread",
         "lower the load, or run more processes");
    return Drop(connection);
  }
  {
    const base::MutexLock lock(mutex_);
    // The thread that answers the request owns the connection from now on.
    connection->phase = Phase::kWorking;
    if (std::exchange(connection->watched, 0) != 0) polled_.remove(connection->socket());
  }
  HttpRequest request = Taken(*connection);
  ready_.push_back({connection, std::move(request)});
}

HttpRequest HttpGuard::Taken(HttpConnection& connection) const {
  HttpRequest request = connection.parser().Take();
  request.peer = connection.peer_host();
  request.socket = connection.descriptor();
  if (limits_.hosts && !request.refusal) {
    request.refusal = CheckHost(*limits_.hosts, request, connection.local_host());
  }
  connection.unread = request.refusal.has_value();
  return request;
}

bool HttpGuard::ReadOn(HttpConnection& connection, HttpRequest& request) {
  // Busy callers send their next request at once. Reading it here saves the way through the guard's
  // thread and the queue.
  const auto until = Clock::now() + kSoon;
  while (!draining_) {
    const Need need = connection.parser().whole() ? Need::kNothing : connection.Receive();
    if (need == Need::kNothing) {
      request = Taken(connection);
      return true;
    }
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    if (need == Need::kEnd || left <= milliseconds(0) || queued_() > 0) return false;
    connection.Await(need, left);
  }
  return false;
}

void HttpGuard::Return(const Connection& connection, bool keep) {
  connection->keep = keep;
  HandOver(connection);
}

void HttpGuard::HandOver(const Connection& connection) {
  // Most responses fit into the socket's buffer and are sent here. Otherwise the rest is left to
  // the guard's thread, as soon as the limit for unsent bytes allows it.
  const auto patience = Clock::now() + kPatience;
  while (true) {
    const Need need = connection->Send();
    const auto now = Clock::now();
    if (need == Need::kNothing) return Rest(connection);
    if (need == Need::kEnd || now >= connection->SendDeadline()) return Drop(connection);
    if (Charge(*connection, now >= patience)) {
      return Watch(connection, Phase::kSending, need, connection->SendDeadline());
    }
    connection->Await(need, milliseconds(50));
  }
}

void HttpGuard::Send(const Connection& connection) {
  const Need need = connection->Send();
  if (need == Need::kEnd) return Drop(connection);
  if (need != Need::kNothing) {
    return Watch(connection, Phase::kSending, need, connection->SendDeadline());
  }
  {
    const base::MutexLock lock(mutex_);
    charged_ -= std::exchange(connection->charged, 0);
  }
  Rest(connection);
}

void HttpGuard::Rest(const Connection& connection) {
  HttpParser& parser = connection->parser();
  if (!connection->keep || draining_) {
    // If the peer may still be sending, closing now would reset the connection, and the response
    // could be lost.
    connection->EndWriting();
    if (!connection->unread && parser.empty()) return Drop(connection);
    return Watch(connection, Phase::kLingering, Need::kRead, Clock::now() + kLinger);
  }
  Need need = parser.whole() ? Need::kNothing : connection->Receive();
  if (need == Need::kEnd) return Drop(connection);
  // If a request is already complete, the socket being writable makes the guard handle it at once.
  if (need == Need::kNothing) need = Need::kWrite;
  parser.Shrink();
  Watch(connection, Phase::kReading, need,
        Clock::now() + (parser.empty() ? limits_.idle : limits_.deadline));
}

void HttpGuard::Watch(const Connection& connection, Phase phase, Need need,
                      Clock::time_point deadline) {
  const int mode = need == Need::kWrite ? PollSet::POLL_WRITE : PollSet::POLL_READ;
  const base::MutexLock lock(mutex_);
  connection->phase = phase;
  connection->deadline = deadline;
  connection->progress = connection->last_progress();
  const int before = std::exchange(connection->watched, mode);
  if (before == 0) polled_.add(connection->socket(), mode);
  if (before != 0 && before != mode) polled_.update(connection->socket(), mode);
  changed_.notify_all();
}

void HttpGuard::Drop(const Connection& connection) {
  requested_ -= std::exchange(connection->requested, 0);
  const base::MutexLock lock(mutex_);
  charged_ -= std::exchange(connection->charged, 0);
  if (std::exchange(connection->watched, 0) != 0) {
    try {
      polled_.remove(connection->socket());
    } catch (const Poco::Exception&) {
      // Not added because memory ran out; it ends anyway.
      observe::Log(observe::Level::kDebug, "api", "a connection was not watched");
    }
  }
  changed_.notify_all();
  AcceptAgain();
  if (connections_.erase(connection->descriptor()) == 0) return;
  const auto same = of_address_.find(connection->peer_host());
  if (--same->second == 0) of_address_.erase(same);
}

void HttpGuard::CheckDeadlines() {
  const auto now = Clock::now();
  next_look_ = now + kLook;
  std::vector<Connection> over;
  {
    const base::MutexLock lock(mutex_);
    AcceptAgain();  // files may have been closed elsewhere
    for (const auto& [descriptor, connection] : connections_) {
      if (connection->watched == 0) continue;
      const bool idle = connection->phase == Phase::kHandshake ||
                        (connection->phase == Phase::kReading && connection->parser().empty());
      if (connection->deadline <= now || (draining_ && idle)) over.push_back(connection);
    }
  }
  for (const Connection& connection : over) Expire(connection);
}

void HttpGuard::Expire(const Connection& connection) {
  HttpParser& parser = connection->parser();
  // An unfinished request gets a response (408); an idle connection is just closed.
  if (connection->phase == Phase::kReading && !parser.empty()) {
    parser.Expire();
    return TakeRequest(connection);
  }
  if (connection->phase == Phase::kSending) {
    Warn("slow", "a connection was cut: its caller reads too slowly", "");
  }
  Drop(connection);
}

bool HttpGuard::Charge(HttpConnection& connection, bool force) {
  const base::MutexLock lock(mutex_);
  const std::size_t bytes = connection.unsent();
  while (charged_ > 0 && charged_ + bytes > limits_.unsent) {
    if (!CutSlowest(force)) return false;
  }
  charged_ += connection.charged = bytes;
  connection.progress = connection.last_progress();
  return true;
}

bool HttpGuard::CutSlowest(bool force) {
  HttpConnection* slowest = nullptr;
  for (const auto& [descriptor, connection] : connections_) {
    if (connection->charged == 0) continue;
    if (slowest == nullptr || connection->progress < slowest->progress) slowest = connection.get();
  }
  if (slowest == nullptr) return false;
  if (!force && slowest->progress > Clock::now() - kStalled) return false;
  charged_ -= std::exchange(slowest->charged, 0);
  // The guard's thread notices the end and drops the connection.
  ::shutdown(slowest->descriptor(), SHUT_RDWR);
  Warn("memory", "a connection was cut: its caller reads too slowly, and others need the memory",
       "");
  return true;
}

bool HttpGuard::CountRequest(HttpConnection& connection) {
  const HttpParser& parser = connection.parser();
  const std::size_t held = parser.whole() || parser.empty() ? 0 : parser.held();
  requested_ += held - connection.requested;
  connection.requested = held;
  return held == 0 || requested_ <= limits_.unfinished;
}

bool HttpGuard::CloseAnIdleOne() {
  Connection oldest;
  {
    const base::MutexLock lock(mutex_);
    for (const auto& [descriptor, connection] : connections_) {
      const bool idle = connection->watched != 0 && connection->phase == Phase::kReading &&
                        connection->parser().empty();
      if (idle && (!oldest || connection->deadline < oldest->deadline)) oldest = connection;
    }
  }
  if (oldest) Drop(oldest);
  return oldest != nullptr;
}

void HttpGuard::Warn(const char* reason, const char* what, const std::string& hint) {
  if (limits_.cut) limits_.cut(reason);
  constexpr auto kEvery = std::chrono::seconds(10);
  const auto now = Clock::now().time_since_epoch().count();
  auto next = next_warning_.load();
  if (now < next ||
      !next_warning_.compare_exchange_strong(next, now + Clock::duration(kEvery).count())) {
    return;
  }
  std::vector<observe::LogField> fields;
  if (!hint.empty()) fields.emplace_back("hint", hint);
  observe::Log(observe::Level::kWarn, "api", what, fields);
}

std::size_t HttpGuard::open() {
  const base::MutexLock lock(mutex_);
  return connections_.size();
}

void HttpGuard::AwaitReturn(Clock::time_point deadline) {
  base::MutexLock lock(mutex_);
  while (!connections_.empty() && !WatchesAny()) {
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) return;
  }
}

bool HttpGuard::WatchesAny() const {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const auto& entry) { return entry.second->watched != 0; });
}

void HttpGuard::Close(Clock::time_point deadline) {
  draining_ = closing_ = true;
  for (const Ready& ready : std::exchange(ready_, {})) Drop(ready.connection);
  StopAccepting();
  next_look_ = {};
  while (open() > 0 && Clock::now() < deadline) {
    if (polled_.empty()) {
      AwaitReturn(deadline);
    } else {
      Turn(milliseconds(20));
    }
  }
  const base::MutexLock lock(mutex_);
  for (const auto& [descriptor, connection] : connections_) {
    ::shutdown(connection->descriptor(), SHUT_RDWR);
  }
}

}  // namespace pgsluice::api
