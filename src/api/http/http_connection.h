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

/// One connection: its requests as they arrive, and what of its answers is not sent yet. One thread
/// owns it at a time: the guard's, or the one that answers a request of it.
class HttpConnection {
 public:
  using Clock = std::chrono::steady_clock;
  /// The owner and its purpose. Changed under the guard's mutex.
  enum class Phase { kHandshake, kReading, kWorking, kSending, kLingering };

  HttpConnection(const Poco::Net::StreamSocket& socket, std::unique_ptr<Channel> channel,
                 const HttpLimits& limits, Poco::Net::SocketAddress peer);

  Channel::Need Open() { return channel_->Open(); }
  /// Reads what has come, until a request is whole (kNothing). Sends "100 Continue" if the caller
  /// waits for it. Never waits.
  Channel::Need Receive();
  /// Waits for the socket.
  void Await(Channel::Need need, std::chrono::milliseconds at_most) const;
  /// Reads and drops what has come. Returns false once the peer has ended or sent too much.
  bool Discard();

  /// Adds to what is to be sent.
  void Append(std::string_view bytes);
  void Take(std::string bytes);
  /// Sends what the peer takes now; kNothing: all of it. Never waits.
  Channel::Need Send();
  /// Sends all of it and waits for that. Throws Poco::Exception if the peer is gone or too slow.
  void SendAll();
  std::size_t unsent() const { return unsent_; }
  /// When the peer is too slow: it has to take something within the limit, and on the whole so much
  /// per second.
  Clock::time_point SendDeadline() const;
  Clock::time_point last_progress() const { return last_progress_; }
  /// Nothing more will be sent; what still comes from the peer is dropped before closing, as it
  /// would otherwise reset the connection and so take the answer away.
  void EndWriting() { channel_->EndWriting(); }

  HttpParser& parser() { return parser_; }
  const Poco::Net::StreamSocket& socket() const { return socket_; }
  int descriptor() const { return socket_.impl()->sockfd(); }
  const Poco::Net::SocketAddress& peer() const { return peer_; }
  const std::string& peer_host() const { return peer_host_; }
  /// The address at which the peer reached this server.
  const Poco::Net::SocketAddress& local() const { return local_; }
  const std::string& local_host() const { return local_host_; }

  // Kept by the guard, changed by the thread that owns the connection.
  bool keep = false;          ///< Further requests are read once the answer is sent.
  bool unread = false;        ///< The peer may still be sending what nobody reads.
  int served = 0;             ///< Requests answered.
  std::size_t requested = 0;  ///< Of the memory for unfinished requests.
  // Guarded by the guard's mutex.
  Phase phase = Phase::kReading;
  int watched = 0;  ///< The mode in the guard's PollSet; 0: not there.
  Clock::time_point deadline{}, progress{};
  std::size_t charged = 0;  ///< Of the memory for unsent answers.

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
