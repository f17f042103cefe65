#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "pgsluice/api/http_server.h"

namespace pgsluice::api {

/// Reads the requests of one connection from its bytes, as they arrive. Takes what RFC 9112 calls a
/// request, and refuses everything that another reader might read in another way: what is whole
/// here means the same to every server behind it. Does no I/O. Not thread-safe.
class HttpParser {
 public:
  explicit HttpParser(const HttpLimits& limits) : limits_(limits) {}

  /// Takes further bytes.
  void Add(std::string_view bytes);
  /// No more bytes will come: what is unfinished is refused.
  void End();
  /// The time for this request is over: it is refused.
  void Expire();
  /// Refuses the request, whatever of it was read.
  void Refuse(const Refusal& refusal);

  /// Whether Take() has a request.
  bool whole() const { return phase_ == Phase::kWhole; }
  /// Whether not a byte of a request was read since the last one.
  bool empty() const { return phase_ == Phase::kStart && buffer_.size() == at_; }
  /// Whether the caller waits for "100 Continue" before it sends the body. True once per request.
  bool TakeExpectation();
  /// The request, read whole and within the limits, or with a refusal. Goes on with the next one.
  HttpRequest Take();
  /// The bytes of memory held.
  std::size_t held() const { return buffer_.capacity() + request_.body.capacity(); }
  /// Returns the memory of a connection that is idle.
  void Shrink();

 private:
  enum class Phase { kStart, kFields, kBody, kChunkSize, kChunk, kTrailers, kWhole };

  void Continue();
  /// One step. Returns false if more bytes are needed. Throws Refusal.
  bool Step();
  bool Start();
  bool Field();
  void EndHead();
  bool Body();
  bool ChunkSize();
  bool Chunk();
  bool Trailer();
  /// The next line without its end, or nothing yet; valid until the next call of Add(). Throws
  /// `beyond` if it is longer than `most`.
  std::optional<std::string_view> Line(std::size_t most, const Refusal& beyond);
  void ReadStart(std::string_view line);

  const HttpLimits& limits_;
  std::string buffer_;
  std::size_t at_ = 0;        // What lies before it in the buffer was read.
  std::size_t searched_ = 0;  // No line ends between at_ and at_ + searched_.
  Phase phase_ = Phase::kStart;
  std::size_t field_bytes_ = 0;
  std::size_t size_ = 0;  // Of the body, or of the chunk.
  bool expects_continue_ = false;
  HttpRequest request_;
};

std::string NewRequestId();

}  // namespace pgsluice::api
