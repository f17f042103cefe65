#include "support/fault_proxy.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace pgsluice::testing {

namespace {

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

int ConnectTo(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return -1;
  int fd = -1;
  for (const addrinfo* at = found; at != nullptr && fd < 0; at = at->ai_next) {
    fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
    if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
      close(fd);
      fd = -1;
    }
  }
  freeaddrinfo(found);
  return fd;
}

void ShutDown(int fd) {
  if (fd >= 0) shutdown(fd, SHUT_RDWR);
}

std::size_t ContentLength(const std::string& head) {
  for (const char* name : {"\r\nContent-Length:", "\r\ncontent-length:"}) {
    const auto at = head.find(name);
    if (at != std::string::npos) return std::strtoul(head.c_str() + at + 17, nullptr, 10);
  }
  return 0;
}

}  // namespace

FaultProxy::FaultProxy(std::string host, std::uint16_t port, Protocol protocol)
    : host_(std::move(host)), upstream_port_(port), protocol_(protocol) {
  Listen();
}

FaultProxy::~FaultProxy() {
  StopListening();
  CloseConnections();
}

void FaultProxy::Listen() {
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port_);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, size) != 0 || listen(listener_, 64) != 0) {
    throw std::runtime_error("the fault proxy cannot listen");
  }
  getsockname(listener_, generic, &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

void FaultProxy::StopListening() {
  if (listener_ < 0) return;
  ShutDown(listener_);
  acceptor_.join();
  close(listener_);
  listener_ = -1;
}

void FaultProxy::Accept() {
  for (;;) {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    const std::lock_guard lock(mutex_);
    ++connections_;
    Link& link = links_.emplace_back();
    link.client = client;
    link.upstream = ConnectTo(host_, upstream_port_);
    link.thread = std::thread([this, &link] { Serve(link); });
  }
}

void FaultProxy::Serve(Link& link) {
  std::string pending;
  std::size_t body_left = 0;
  bool open = link.upstream >= 0;
  while (open) {
    std::array<pollfd, 2> fds{{{link.client, POLLIN, 0}, {link.upstream, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0) break;
    if (IsForgotten(link)) return Swallow(link);
    if (fds[0].revents != 0) open = FromClient(link, pending, body_left);
    if (open && fds[1].revents != 0) open = FromUpstream(link);
  }
  ShutDown(link.client);
  ShutDown(link.upstream);
}

bool FaultProxy::FromClient(Link& link, std::string& pending, std::size_t& body_left) {
  std::array<char, 65536> buffer;
  const ssize_t got = recv(link.client, buffer.data(), buffer.size(), 0);
  if (got <= 0 || !Gate()) return false;
  pending.append(buffer.data(), static_cast<std::size_t>(got));
  if (protocol_ == Protocol::kTcp) return SendAll(link.upstream, std::exchange(pending, {}));
  // The next request may follow in the same bytes, because a 413 can be answered before the body
  // arrives.
  while (!pending.empty()) {
    if (body_left == 0 && !BeginRequest(link, pending, body_left)) return false;
    if (body_left == 0) return true;
    const std::size_t part = std::min(body_left, pending.size());
    if (!SendAll(link.upstream, std::string_view(pending).substr(0, part))) return false;
    pending.erase(0, part);
    body_left -= part;
  }
  return true;
}

bool FaultProxy::BeginRequest(Link& link, std::string& pending, std::size_t& left) {
  const auto end = pending.find("\r\n\r\n");
  if (end == std::string::npos) return true;
  const std::string head = pending.substr(0, end + 2);
  const std::size_t whole = end + 4 + ContentLength(head);
  std::string raw;
  const std::string first_line = head.substr(0, head.find("\r\n"));
  const bool scripted = TakeScript(first_line, raw);
  const bool held = !scripted && TakeHold(first_line);
  if (!scripted && !held) {
    left = whole;
    return true;
  }
  std::array<char, 65536> buffer;
  while (pending.size() < whole) {
    const ssize_t more = recv(link.client, buffer.data(), buffer.size(), 0);
    if (more <= 0) return false;
    pending.append(buffer.data(), static_cast<std::size_t>(more));
  }
  if (held) {
    PassHeld(link, pending.substr(0, whole));
    return false;
  }
  pending.erase(0, whole);
  return SendAll(link.client, raw) && raw.find("Connection: close") == std::string::npos;
}

bool FaultProxy::FromUpstream(Link& link) {
  std::array<char, 65536> buffer;
  const ssize_t got = recv(link.upstream, buffer.data(), buffer.size(), 0);
  if (got <= 0 || !Gate()) return false;
  std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
  bool cut = false;
  {
    const std::lock_guard lock(mutex_);
    if (cut_) {
      cut = cut_after_ <= bytes.size();
      if (cut) bytes = bytes.substr(0, cut_after_);
      cut_after_ -= bytes.size();
      cut_ = !cut;
    }
  }
  return SendAll(link.client, bytes) && !cut;
}

bool FaultProxy::Gate() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !stalled_ || closing_; });
  return !closing_;
}

bool FaultProxy::TakeScript(const std::string& first_line, std::string& raw) {
  const std::lock_guard lock(mutex_);
  ++requests_;
  changed_.notify_all();
  for (Script& script : scripts_) {
    if (script.times <= 0 || first_line.find(script.part) == std::string::npos) continue;
    --script.times;
    ++scripted_;
    raw = script.raw;
    return true;
  }
  return false;
}

bool FaultProxy::TakeHold(const std::string& first_line) {
  const std::lock_guard lock(mutex_);
  if (hold_.empty() || first_line.find(hold_) == std::string::npos) return false;
  hold_.clear();
  return true;
}

void FaultProxy::PassHeld(Link& link, const std::string& request) {
  {
    std::unique_lock lock(mutex_);
    held_ = Held::kRequest;
    changed_.notify_all();
    changed_.wait(lock, [this] { return held_ == Held::kReleased || closing_; });
    if (closing_) return;
  }
  std::array<char, 65536> answer;
  if (!SendAll(link.upstream, request)) return;
  if (recv(link.upstream, answer.data(), answer.size(), 0) <= 0) return;
  const std::lock_guard lock(mutex_);
  held_ = Held::kAnswered;
  changed_.notify_all();
}

void FaultProxy::HoldNext(std::string part) {
  const std::lock_guard lock(mutex_);
  hold_ = std::move(part);
}

void FaultProxy::WaitForHeld() { WaitFor(Held::kRequest); }

void FaultProxy::Release() {
  {
    const std::lock_guard lock(mutex_);
    held_ = Held::kReleased;
    changed_.notify_all();
  }
  WaitFor(Held::kAnswered);
}

void FaultProxy::WaitFor(Held state) {
  std::unique_lock lock(mutex_);
  const bool came =
      changed_.wait_for(lock, std::chrono::seconds(20), [&] { return held_ == state; });
  if (!came) throw std::runtime_error("the fault proxy waited 20 s for the held request");
}

void FaultProxy::Refuse() {
  StopListening();
  CloseConnections();
}

void FaultProxy::Forget() {
  const std::lock_guard lock(mutex_);
  for (Link& link : links_) link.forgotten = true;
}

bool FaultProxy::IsForgotten(const Link& link) const {
  const std::lock_guard lock(mutex_);
  return link.forgotten;
}

void FaultProxy::Swallow(Link& link) {
  std::array<char, 65536> buffer;
  std::array<pollfd, 2> fds{{{link.client, POLLIN, 0}, {link.upstream, POLLIN, 0}}};
  while (poll(fds.data(), fds.size(), -1) >= 0) {
    {
      const std::lock_guard lock(mutex_);
      if (closing_) return;
    }
    for (pollfd& fd : fds) {
      // The other side does not notice that this one has closed.
      if (fd.revents != 0 && recv(fd.fd, buffer.data(), buffer.size(), 0) <= 0) fd.fd = -1;
    }
    if (fds[0].fd < 0 && fds[1].fd < 0) return;  // Nothing would ever wake this thread.
  }
}

void FaultProxy::Stall() {
  const std::lock_guard lock(mutex_);
  stalled_ = true;
}

void FaultProxy::Pass() {
  {
    const std::lock_guard lock(mutex_);
    stalled_ = false;
    changed_.notify_all();
  }
  if (listener_ < 0) Listen();
}

void FaultProxy::CloseConnections() {
  std::list<Link> links;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
    links.swap(links_);  // The nodes stay in place, and so do the threads' references to them.
    for (Link& link : links) {
      ShutDown(link.client);
      ShutDown(link.upstream);
    }
  }
  for (Link& link : links) {
    link.thread.join();
    close(link.client);
    if (link.upstream >= 0) close(link.upstream);
  }
  const std::lock_guard lock(mutex_);
  closing_ = false;
}

void FaultProxy::CutNextAnswer(std::size_t after_bytes) {
  const std::lock_guard lock(mutex_);
  cut_ = true;
  cut_after_ = after_bytes;
}

void FaultProxy::Answer(std::string part, int times, std::string raw) {
  const std::lock_guard lock(mutex_);
  scripts_.push_back({std::move(part), times, std::move(raw)});
}

void FaultProxy::AnswerStatus(std::string part, int times, int status, const std::string& body,
                              const std::string& headers) {
  Answer(std::move(part), times,
         fmt::format("HTTP/1.1 {} Scripted\r\nContent-Type: application/json\r\n{}"
                     "Content-Length: {}\r\n\r\n{}",
                     status, headers, body.size(), body));
}

void FaultProxy::StopAnswering() {
  const std::lock_guard lock(mutex_);
  scripts_.clear();
}

int FaultProxy::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

int FaultProxy::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int FaultProxy::scripted() const {
  const std::lock_guard lock(mutex_);
  return scripted_;
}

void FaultProxy::WaitForRequests(int count) {
  std::unique_lock lock(mutex_);
  const bool came = changed_.wait_for(lock, std::chrono::seconds(20),
                                      [this, count] { return requests_ >= count; });
  if (!came) throw std::runtime_error("the fault proxy waited 20 s for requests");
}

}  // namespace pgsluice::testing
