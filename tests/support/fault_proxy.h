#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace pgsluice::testing {

/// Stands on loopback between pgsluice and a real server, and makes the faults that a test asks
/// for. Each connection has a thread of its own. Everything may be called while connections are
/// open; what is set holds from the next bytes on.
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
  /// The next request whose first line contains `part` is taken whole and passed on at Release()
  /// only, whatever has become of its client by then. The client gets no answer.
  void HoldNext(std::string part);
  void WaitForHeld();  ///< Until that request is here; throws after 20 s.
  void Release();      ///< Returns when it has been answered; throws after 20 s.
  /// Swallows what comes on the open connections from now on, in both directions, and closes none
  /// of them, as a firewall that forgot them does. New ones are served.
  void Forget();
  /// Closes the open connections; new ones are served.
  void CloseConnections();
  /// The next answer breaks off after that many bytes.
  void CutNextAnswer(std::size_t after_bytes);
  /// The next `times` requests whose first line contains `part` are answered with these bytes
  /// instead of being passed on.
  void Answer(std::string part, int times, std::string raw);
  /// The same with a status and a JSON body.
  void AnswerStatus(std::string part, int times, int status, const std::string& body,
                    const std::string& headers = {});

  /// From now on requests are passed on again.
  void StopAnswering();

  int connections() const;          ///< Accepted since the start.
  int requests() const;             ///< HTTP requests seen since the start.
  int scripted() const;             ///< Of those, answered by Answer().
  void WaitForRequests(int count);  ///< Until requests() is at least that; throws after 20 s.

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
  /// At the head of a request: answers it by a script, or says how many bytes of it are to be
  /// passed on.
  bool BeginRequest(Link& link, std::string& pending, std::size_t& left);
  bool FromUpstream(Link& link);
  /// Swallows what comes until the proxy closes its connections.
  void Swallow(Link& link);
  bool IsForgotten(const Link& link) const;
  /// Waits while stalled; false when the connection is to end.
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
