#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pgsluice/base/error.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/engine/refused.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/sync/index_set.h"
#include "pgsluice/sync/monitor.h"

namespace pgsluice::sync {

/// The alias or index that documents should go to does not exist: it was deleted by hand, or the
/// URL leads to another engine.
class IndexMissing : public engine::IndexRefused {
 public:
  explicit IndexMissing(const std::string& name)
      : IndexRefused("index " + name + " is missing in the engine",
                     "it will be created again and filled") {}
};

/// A document that the engine refused.
struct Failure {
  std::string id;
  std::string routing;  ///< Empty: the document is routed by its id.
  std::string error;
  int status = 0;
};

struct WriteReport {
  std::size_t indexed = 0, deleted = 0;
  std::size_t bytes = 0;          ///< Sum of all documents.
  std::vector<Failure> rejected;  ///< For the dead letters.
  std::vector<Failure> retry;     ///< To be read and written again.
  std::vector<std::string> done;  ///< Ids written; filled only if the caller asked for it.
};

/// Turns rows of Plan::read_by_key or of a block statement into _bulk requests and reads the
/// responses. Thread-safe.
class BulkWriter {
 public:
  BulkWriter(engine::Engine& engine, std::size_t bulk_bytes, Monitor& monitor)
      : engine_(engine), bulk_bytes_(bulk_bytes), monitor_(monitor) {}

  /// Writes all rows to every target of the index. Throws Error(kRetry) if a whole request has to
  /// be repeated; in that case nothing may be acknowledged.
  WriteReport Write(const LiveIndex& index, const pg::Result& rows, bool collect_done = false);

 private:
  struct Range {
    std::size_t begin, end;  ///< Rows [begin, end).
  };
  void WriteTo(const Target& target, const LiveIndex& index, const pg::Result& rows,
               WriteReport& report);
  void Send(const Target& target, const LiveIndex& index, const pg::Result& rows, Range range,
            WriteReport& report);
  void ReadItems(const engine::BulkResult& result, const pg::Result& rows, Range range,
                 WriteReport& report) const;

  engine::Engine& engine_;
  std::size_t bulk_bytes_;
  Monitor& monitor_;
};

}  // namespace pgsluice::sync
