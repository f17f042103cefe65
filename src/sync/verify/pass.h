#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/pg/session.h"

namespace pgsluice::sync {

/// A comparison of a whole index: how far the present one is, and when the last one was complete. A
/// row of pgsluice.pass.
struct Pass {
  enum class Stage {
    kIdle,  ///< None has begun since the last one was complete.
    kRows,  ///< The rows are compared with their documents.
    kIds,   ///< The ids of the index are looked up among the rows.
  };

  std::string index;
  std::string subject;  ///< The index and the definition that are compared.
  Stage stage = Stage::kIdle;
  std::uint32_t relation = 0, filenode = 0;  ///< Of the table or partition that is read.
  std::int64_t next_block = 0;               ///< Blocks below it have been compared.
  std::string reached;               ///< Without blocks: the last key or id that was compared.
  std::vector<std::string> mending;  ///< Ids that were repaired and not checked again yet.
  std::int64_t compared = 0, differences = 0, repaired = 0;
  std::chrono::milliseconds since_start{0};
  std::optional<std::int64_t> complete_at;  ///< Unix seconds.
};

/// The table pgsluice.pass, and the locks that let one process at a time compare an index. Lives as
/// long as its session.
class Passes {
 public:
  explicit Passes(pg::Session& session) : session_(session) {}

  /// Returns the passes of these indexes, and creates missing ones. Running passes come first, then
  /// those that began longest ago.
  std::vector<Pass> Load(const std::vector<std::string>& indexes);
  /// Returns how long to wait before the next row, so that all processes together keep the rate.
  std::chrono::milliseconds UntilRate();
  /// Takes the lock of an index. Returns false if another process has it.
  bool Lock(const std::string& index);
  /// The session that has it, if that is not one of pgsluice; else empty.
  std::string Stranger(const std::string& index);
  bool Holds(const std::string& index) const { return locked_.contains(index); }
  void Unlock(const std::string& index);

  /// Starts the pass from the beginning.
  void Begin(Pass& pass, const std::string& subject);
  /// Saves how far the pass is. `cost`: the time that the rate allows for what was compared.
  void Save(const Pass& pass, std::chrono::milliseconds cost);
  /// Ends the pass; its result becomes that of the last complete one.
  void Complete(Pass& pass);

 private:
  pg::Session& session_;
  std::set<std::string> locked_;
};

}  // namespace pgsluice::sync
