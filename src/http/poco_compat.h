#pragma once

/// What differs between the Poco versions we build with (1.11 to 1.13), for the client side.
namespace pgsluice::http::compat {

/// Newer versions decode RFC 2047 words in header values unless told not to; older ones always do
/// on the server's side only.
template <typename Message>
void KeepHeadersAsSent(Message& message) {
  if constexpr (requires { message.setAutoDecode(false); }) message.setAutoDecode(false);
}

}  // namespace pgsluice::http::compat
