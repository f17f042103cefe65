#include "api/http/transfer.h"

#include <Poco/DeflatingStream.h>

#include <algorithm>
#include <sstream>

namespace pgsluice::api {

namespace {

constexpr std::size_t kWorthIt = 1024;
constexpr int kFast = 1;

/// Returns whether a caller accepts gzip: "gzip" or "br, gzip;q=0.8", but not "gzip;q=0".
bool TakesGzip(const std::string& accepted) {
  const std::size_t at = accepted.find("gzip");
  if (at == std::string::npos) return false;
  const std::string rest = accepted.substr(at + 4, accepted.find(',', at) - at - 4);
  const std::size_t quality = rest.find("q=");
  return quality == std::string::npos || rest.find_first_of("123456789", quality) != rest.npos;
}

/// Adds the name of a request header that the response depends on.
void AddVary(HttpResponse& response, std::string_view name) {
  const auto vary = std::find_if(response.headers.begin(), response.headers.end(),
                                 [](const auto& header) { return header.first == "Vary"; });
  if (vary == response.headers.end()) {
    response.headers.emplace_back("Vary", name);
  } else {
    vary->second.append(", ").append(name);
  }
}

/// Returns the same stream, compressed on the fly.
std::function<void(const Sink&)> Compressed(std::function<void(const Sink&)> stream) {
  return [stream = std::move(stream)](const Sink& sink) {
    std::ostringstream buffer;
    const auto pass = [&] {
      const std::string bytes = buffer.str();
      if (!bytes.empty()) sink(bytes);
      buffer.str("");
    };
    Poco::DeflatingOutputStream gzip(buffer, Poco::DeflatingStreamBuf::STREAM_GZIP, kFast);
    stream([&](std::string_view piece) {
      gzip.write(piece.data(), static_cast<std::streamsize>(piece.size()));
      pass();
    });
    gzip.close();
    pass();
  };
}

}  // namespace

void Compress(const HttpRequest& request, HttpResponse& response) {
  if (response.body.size() < kWorthIt && !response.stream) return;
  AddVary(response, "Accept-Encoding");
  if (!TakesGzip(request.Header("accept-encoding"))) return;
  response.headers.emplace_back("Content-Encoding", "gzip");
  if (response.stream) {
    response.stream = Compressed(std::move(response.stream));
    return;
  }
  std::ostringstream compressed;
  Poco::DeflatingOutputStream stream(compressed, Poco::DeflatingStreamBuf::STREAM_GZIP, kFast);
  stream.write(response.body.data(), static_cast<std::streamsize>(response.body.size()));
  stream.close();
  response.body = compressed.str();
}

void AllowOrigin(const std::vector<std::string>& origins, const HttpRequest& request,
                 HttpResponse& response) {
  if (origins.empty()) return;
  AddVary(response, "Origin");
  const std::string origin = request.Header("origin");
  if (std::find(origins.begin(), origins.end(), origin) == origins.end()) return;
  response.headers.emplace_back("Access-Control-Allow-Origin", origin);
  response.headers.emplace_back("Access-Control-Expose-Headers",
                                "X-Request-Id, Retry-After, Server-Timing, ETag");
  if (request.method != "OPTIONS") return;
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, POST");
  response.headers.emplace_back(
      "Access-Control-Allow-Headers",
      "Authorization, Content-Type, If-None-Match, X-Api-Key, X-Request-Id, traceparent, "
      "x-algolia-agent, x-algolia-api-key, x-algolia-application-id");
  response.headers.emplace_back("Access-Control-Max-Age", "86400");
}

void ForCallerAlone(HttpResponse& response) {
  response.headers.emplace_back("Cache-Control", "private, no-store");
  AddVary(response, "Authorization, X-Api-Key, X-Algolia-Api-Key");
}

}  // namespace pgsluice::api
