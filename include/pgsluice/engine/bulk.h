#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::engine {

/// The body of one _bulk request: one line per action, with documents inserted exactly as
/// PostgreSQL built them, because parsing them would cost time and digits.
class BulkBody {
 public:
  explicit BulkBody(std::string index) : index_(std::move(index)) {}
  void Reserve(std::size_t bytes) { text_.reserve(bytes); }

  void Index(std::string_view id, std::string_view document, std::int64_t version,
             std::string_view routing = {}, std::string_view pipeline = {});
  void Delete(std::string_view id, std::int64_t version, std::string_view routing = {});

  const std::string& text() const { return text_; }
  const std::string& index() const { return index_; }
  std::size_t bytes() const { return text_.size(); }
  std::size_t size() const { return count_; }  ///< Number of actions.
  bool empty() const { return count_ == 0; }
  bool only_deletes() const { return !indexes_; }
  void Clear();

 private:
  std::string index_;
  std::string text_;
  std::size_t count_ = 0;
  bool indexes_ = false;
};

/// The result of one action.
enum class Outcome {
  kDone,  ///< Written, or a newer state exists already (409), or there was nothing to delete (404).
  kRetry,     ///< Overload, block, shard or cluster trouble: keep the event, re-read, try again.
  kRejected,  ///< The engine refuses this document (400): dead letter.
};

struct ItemResult {
  Outcome outcome = Outcome::kDone;
  int status = 200;
  std::string
      error;  ///< The engine's reason ("mapper_parsing_exception: …"), for kRetry/kRejected.
};

/// The response to one _bulk request.
struct BulkResult {
  bool all_done = false;          ///< All actions succeeded, so the items were not parsed.
  std::vector<ItemResult> items;  ///< In the order of the request; empty if all_done.
  /// 413, or one of several actions makes the request invalid: halve and send again.
  bool too_large = false;
  bool index_missing = false;  ///< The alias or index does not exist.
};

/// Reads a _bulk response (HTTP status and body) for `actions` actions. Throws IndexRefused
/// (kRetry) if the whole request has to be repeated (403, 429, 5xx, blocks, or a response that does
/// not come from _bulk), and throws like RequireAllowed() if the login is refused.
BulkResult ReadBulkAnswer(int status, std::string_view body, std::size_t actions);

}  // namespace pgsluice::engine
