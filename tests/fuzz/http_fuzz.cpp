#include <sys/socket.h>

#include "fuzz/silent_api.h"
#include "unit/api/raw_client.h"

/// Uses the bytes as a connection that ends after them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  static auto& api = *new fuzz::SilentApi;
  static const bool started = (api.server().Start(), true);
  fuzz::Require(started, "not started");
  const std::string text(fuzz::Text(data, size));
  api::RawClient client(api.server().port());
  try {
    client.Send(text);
    client.EndSending();
  } catch (const Poco::Exception&) {
    return 0;  // Refused before everything was sent.
  }
  const std::string answer = client.ReadAll();
  fuzz::Require(answer.find("HTTP/1.1 5") == std::string::npos, answer, text);
  return 0;
}
