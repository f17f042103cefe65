#pragma once

#include <Poco/Net/StreamSocket.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "api/http/http_channel.h"
#include "api/http/http_parser.h"

namespace pgsluice::api {

/// One connection: its requests as they arrive, and the unsent parts of its responses. One thread
/// owns it at a time: the guard's, or the one that answers one of its requests.
class HttpConnection {
 public:
  using Clock = std::chrono::steady_clock;
  /// The owner and its purpose. Changed under the guard's mutex.
  enum class Phase { kHandshake, kReading, kWorking, kSending, kLingering };

  HttpConnection(const Poco::Net::StreamSocket& socket, std::unique_ptr<Channel> channel,
                 const HttpLimits& limits, Poco::Net::SocketAddress peer);

  Channel::Need Open() { return channel_->Open(); }
  /// Reads what has arrived, until a request is complete (kNothing). Sends "100 Continue" if the
  /// caller waits for it. Does not block.
  Channel::Need Receive();
  /// Blocks until the socket is ready.
  void Await(Channel::Need need, std::chrono::milliseconds at_most) const;
  /// Reads and drops what has arrived. Returns false if the peer has closed the connection or sent
  /// too much.
  bool Discard();

  /// Appends bytes to the response.
  void Append(std::string_view bytes);
  void Take(std::string bytes);
  /// Sends as much as the peer accepts now; kNothing: all of it. Does not block.
  Channel::Need Send();
  /// Sends everything, and blocks until it is sent. Throws Poco::Exception if the peer disconnects
  /// or is too slow.
  void SendAll();
  std::size_t unsent() const { return unsent_; }
  /// Returns when the peer counts as too slow: it has to accept some bytes within the limit, and
  /// keep an average rate.
  Clock::time_point SendDeadline() const;
  Clock::time_point last_progress() const { return last_progress_; }
  /// Ends the sending side. Bytes that still arrive are dropped before closing, because otherwise
  /// the connection would be reset and the response lost.
  void EndWriting() { channel_->EndWriting(); }

  HttpParser& parser() { return parser_; }
  const Poco::Net::StreamSocket& socket() const { return socket_; }
  int descriptor() const { return socket_.impl()->sockfd(); }
  const Poco::Net::SocketAddress& peer() const { return peer_; }
  const std::string& peer_host() const { return peer_host_; }
  /// Returns the address at which the peer reached this server.
  const Poco::Net::SocketAddress& local() const { return local_; }
  const std::string& local_host() const { return local_host_; }

  // Managed by the guard, changed by the thread that owns the connection.
  bool keep = false;          ///< Further requests are read once the response is sent.
  bool unread = false;        ///< The peer may still be sending bytes that no code reads.
  int served = 0;             ///< Requests answered.
  std::size_t requested = 0;  ///< Its share of the memory for unfinished requests.
  // Guarded by the guard's mutex.
  Phase phase = Phase::kReading;
  int watched = 0;  ///< The mode in the guard's PollSet; 0: not in it.
  Clock::time_point deadline{}, progress{};
  std::size_t charged = 0;  ///< Its share of the memory for unsent responses.

 private:
  Poco::Net::StreamSocket socket_;
  const std::unique_ptr<Channel> channel_;
  const HttpLimits& limits_;
  const Poco::Net::SocketAddress peer_, local_;
  const std::string peer_host_, local_host_;
  bool sending_ = false;
  HttpParser parser_;
  std::deque<std::string> pieces_;
  std::size_t sent_of_first_ = 0, unsent_ = 0, taken_ = 0, dropped_ = 0;
  Clock::time_point send_start_{}, last_progress_{};
};

}  // namespace pgsluice::api
