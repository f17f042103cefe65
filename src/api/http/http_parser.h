#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "pgsluice/api/http_server.h"

namespace pgsluice::api {

/// Reads the requests of one connection from its bytes, as they arrive. Accepts requests by RFC
/// 9112 and refuses everything that another parser might read differently, so that a request
/// accepted here means the same to every server behind it. Does no I/O. Not thread-safe.
class HttpParser {
 public:
  explicit HttpParser(const HttpLimits& limits) : limits_(limits) {}

  /// Takes further bytes.
  void Add(std::string_view bytes);
  /// Announces that no more bytes will come, so an unfinished request is refused.
  void End();
  /// Refuses the request because its time is over.
  void Expire();
  /// Refuses the request, however much of it was read.
  void Refuse(const Refusal& refusal);

  /// Returns whether Take() has a request.
  bool whole() const { return phase_ == Phase::kWhole; }
  /// Returns whether no byte of the next request has been read.
  bool empty() const { return phase_ == Phase::kStart && buffer_.size() == at_; }
  /// Returns whether the caller waits for "100 Continue" before it sends the body. True once per
  /// request.
  bool TakeExpectation();
  /// Returns the request, complete and within the limits, or with a refusal. Continues with the
  /// next one.
  HttpRequest Take();
  /// Returns the bytes of memory held.
  std::size_t held() const { return buffer_.capacity() + request_.body.capacity(); }
  /// Frees the memory of an idle connection.
  void Shrink();

 private:
  enum class Phase { kStart, kFields, kBody, kChunkSize, kChunk, kTrailers, kWhole };

  void Continue();
  /// Does one step. Returns false if more bytes are needed. Throws Refusal.
  bool Step();
  bool Start();
  bool Field();
  void EndHead();
  bool Body();
  bool ChunkSize();
  bool Chunk();
  bool Trailer();
  /// Returns the next line without its end, or nullopt if it is incomplete; valid until the next
  /// call of Add(). Throws `beyond` if it is longer than `most`.
  std::optional<std::string_view> Line(std::size_t most, const Refusal& beyond);
  void ReadStart(std::string_view line);

  const HttpLimits& limits_;
  std::string buffer_;
  std::size_t at_ = 0;        // Everything before it in the buffer was read.
  std::size_t searched_ = 0;  // No line ends between at_ and at_ + searched_.
  Phase phase_ = Phase::kStart;
  std::size_t field_bytes_ = 0;
  std::size_t size_ = 0;  // Of the body or chunk.
  bool expects_continue_ = false;
  HttpRequest request_;
};

std::string NewRequestId();

}  // namespace pgsluice::api
