#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/engine/engine.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/sync/index_set.h"
#include "sync/verify/pass.h"

namespace pgsluice::sync {

/// Reads what a pass compares next, from where it is: a table block by block, a view key by key,
/// then the ids of the index. Advances the pass; after the last item it moves to the next stage.
class PassReader {
 public:
  PassReader(pg::Session& session, engine::Engine& engine) : session_(session), engine_(engine) {}

  /// Returns about `most` root keys; none if a part of the table is empty, or at the end.
  std::vector<std::string> NextKeys(const LiveIndex& index, Pass& pass, std::int64_t most);
  /// Returns the index with the plan of the schema that the table belongs to. For an index of one
  /// table, this is the index itself.
  static LiveIndex PartOf(const LiveIndex& index, std::uint32_t relation);
  std::vector<std::string> NextIds(const LiveIndex& index, Pass& pass, std::int64_t most);

 private:
  std::vector<std::string> KeysOfBlocks(const LiveIndex& index, Pass& pass, std::int64_t most);
  std::vector<std::string> KeysOfView(const LiveIndex& index, Pass& pass, std::int64_t most);
  /// Reads the views of an index over many schemas, one after the other.
  std::vector<std::string> KeysOfViews(const LiveIndex& index, Pass& pass, std::int64_t most);
  /// Opens the cursor over the keys of a view, unless it is open and is at the pass's position.
  void OpenKeys(const LiveIndex& index, const Pass& pass);

  pg::Session& session_;
  engine::Engine& engine_;
  double rows_per_block_ = 50;  ///< As last measured; before that a guess.
  /// The index whose keys the cursor fetches, and the last key that it fetched.
  std::pair<std::string, std::string> cursor_at_;
};

}  // namespace pgsluice::sync
