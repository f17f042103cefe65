#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace pgsluice::testing {

/// A proxy on loopback between pgsluice and a real server, which causes the faults that a test asks
/// for. Each connection has its own thread. All functions may be called while connections are open,
/// and affect the bytes that follow.
class FaultProxy {
 public:
  enum class Protocol { kHttp, kTcp };  ///< kTcp: for PostgreSQL; no Answer().

  FaultProxy(std::string host, std::uint16_t port, Protocol protocol = Protocol::kHttp);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  /// Closes every connection and refuses new ones, until Pass().
  void Refuse();
  /// Holds back all bytes, in both directions, until Pass().
  void Stall();
  void Pass();
  /// Takes the next request whose first line contains `part` completely, and passes it on only at
  /// Release(), even if its client has disconnected. The client gets no answer.
  void HoldNext(std::string part);
  void WaitForHeld();  ///< Waits for that request; throws after 20 s.
  void Release();      ///< Returns after its answer; throws after 20 s.
  /// Swallows all further bytes of the open connections in both directions without closing them,
  /// like a firewall that forgot them. Serves new ones.
  void Forget();
  /// Closes the open connections; serves new ones.
  void CloseConnections();
  /// Truncates the next answer after this many bytes.
  void CutNextAnswer(std::size_t after_bytes);
  /// Answers the next `times` requests whose first line contains `part` with these bytes instead of
  /// passing them on.
  void Answer(std::string part, int times, std::string raw);
  /// Does the same with a status and a JSON body.
  void AnswerStatus(std::string part, int times, int status, const std::string& body,
                    const std::string& headers = {});

  /// Passes requests on again.
  void StopAnswering();

  int connections() const;          ///< Accepted since the start.
  int requests() const;             ///< HTTP requests seen since the start.
  int scripted() const;             ///< Of those, answered by Answer().
  void WaitForRequests(int count);  ///< Waits for this many requests(); throws after 20 s.

 private:
  struct Script {
    std::string part;
    int times;
    std::string raw;
  };
  struct Link {
    int client = -1;
    int upstream = -1;
    bool forgotten = false;
    std::thread thread;
  };

  enum class Held { kNothing, kRequest, kReleased, kAnswered };

  void Listen();
  void StopListening();
  void Accept();
  void Serve(Link& link);
  bool FromClient(Link& link, std::string& pending, std::size_t& body_left);
  /// Called at the head of a request: answers it by a script, or returns how many bytes to pass on.
  bool BeginRequest(Link& link, std::string& pending, std::size_t& left);
  bool FromUpstream(Link& link);
  /// Swallows bytes until the proxy closes its connections.
  void Swallow(Link& link);
  bool IsForgotten(const Link& link) const;
  /// Waits while stalled. Returns false if the connection has to end.
  bool Gate();
  bool TakeScript(const std::string& first_line, std::string& raw);
  bool TakeHold(const std::string& first_line);
  void PassHeld(Link& link, const std::string& request);
  void WaitFor(Held state);

  const std::string host_;
  const std::uint16_t upstream_port_;
  const Protocol protocol_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::thread acceptor_;

  mutable std::mutex mutex_;  // Guards everything below.
  std::condition_variable changed_;
  std::list<Link> links_;
  std::vector<Script> scripts_;
  std::string hold_;  ///< Part of a first line; empty: hold nothing.
  Held held_ = Held::kNothing;
  bool stalled_ = false;
  bool closing_ = false;
  bool cut_ = false;
  std::size_t cut_after_ = 0;
  int connections_ = 0;
  int requests_ = 0;
  int scripted_ = 0;
};

}  // namespace pgsluice::testing
