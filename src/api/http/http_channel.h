#pragma once

#include <Poco/Net/Context.h>

#include <cstddef>
#include <memory>
#include <string_view>

namespace pgsluice::api {

/// The bytes of a connection, plain or TLS, on a non-blocking socket. No call waits, because
/// OpenSSL would otherwise continue to read while bytes trickle in, beyond every deadline. Used by
/// one thread at a time.
class Channel {
 public:
  /// What a call needs to continue.
  enum class Need {
    kNothing,  ///< The call made progress.
    kRead,     ///< Waits for bytes from the peer.
    kWrite,    ///< Waits for room to send.
    kEnd,      ///< The connection has ended.
  };
  struct Done {
    Need need = Need::kNothing;
    std::size_t bytes = 0;
  };

  virtual ~Channel() = default;
  /// Continues the handshake; kNothing once it is done.
  virtual Need Open() = 0;
  virtual Done Read(char* out, std::size_t most) = 0;
  /// `more`: further bytes follow at once.
  virtual Done Write(std::string_view bytes, bool more) = 0;
  /// Announces that no further bytes will be sent.
  virtual void EndWriting() = 0;
};

std::unique_ptr<Channel> MakeChannel(int socket);
std::unique_ptr<Channel> MakeTlsChannel(int socket, const Poco::Net::Context::Ptr& context);

}  // namespace pgsluice::api
