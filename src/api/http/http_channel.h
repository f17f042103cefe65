#pragma once

#include <Poco/Net/Context.h>

#include <cstddef>
#include <memory>
#include <string_view>

namespace pgsluice::api {

/// The bytes of a connection, plain or TLS, on a non-blocking socket. No call ever waits: OpenSSL
/// by itself reads on for as long as bytes drip in, and so would outlive every deadline. For one
/// thread at a time.
class Channel {
 public:
  /// What a call ran into.
  enum class Need {
    kNothing,  ///< It did something.
    kRead,     ///< Waits for the peer's bytes.
    kWrite,    ///< Waits for room to send.
    kEnd,      ///< The connection is over.
  };
  struct Done {
    Need need = Need::kNothing;
    std::size_t bytes = 0;
  };

  virtual ~Channel() = default;
  /// The handshake; kNothing once it is done.
  virtual Need Open() = 0;
  virtual Done Read(char* out, std::size_t most) = 0;
  /// `more`: further bytes follow at once.
  virtual Done Write(std::string_view bytes, bool more) = 0;
  /// Announces that nothing more will be sent.
  virtual void EndWriting() = 0;
};

std::unique_ptr<Channel> MakeChannel(int socket);
std::unique_ptr<Channel> MakeTlsChannel(int socket, const Poco::Net::Context::Ptr& context);

}  // namespace pgsluice::api
