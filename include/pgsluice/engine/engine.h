#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/base/error.h"
#include "pgsluice/base/mutex.h"
#include "pgsluice/config/config.h"
#include "pgsluice/engine/bulk.h"
#include "pgsluice/engine/refused.h"
#include "pgsluice/http/transport.h"
#include "pgsluice/json/value.h"

/// The part of the search engine's HTTP API that pgsluice uses, for Elasticsearch 8, 9 and
/// OpenSearch 2, 3. Only Flavor knows how the families differ.
namespace pgsluice::engine {

struct Flavor {
  bool opensearch = false;
  std::string version;  ///< "3.8.0".
  /// The analysis module is installed: asciifolding, edge_ngram, language analyzers.
  bool has_analysis = false;
  std::string Name() const;  ///< "OpenSearch 3.8.0".
  const char* JsonType() const { return opensearch ? "flat_object" : "flattened"; }
};

/// The engine refuses our credentials (401, a wrong signature). This concerns every index.
class CredentialsRefused : public Error {
 public:
  CredentialsRefused(const std::string& message, std::string hint)
      : Error(Disposition::kFatal, message, std::move(hint)) {}
};

/// The engine refuses such a change of one index for now, because of a block on it.
class IndexBlocked : public IndexRefused {
 public:
  explicit IndexBlocked(const std::string& message);
};

/// Returns what to do about a block that the text names; "" if it names none.
std::string BlockRemedy(std::string_view text);

/// What the engine reports about an index.
struct IndexIdentity {
  std::string uuid;
  std::vector<std::string> blocks;  ///< Blocks that are set, as in "read_only_allow_delete".
};

/// One engine. Thread-safe. Throws Error(kRetry) if it cannot be reached, is overloaded or times
/// out; CredentialsRefused for 401; Error(kFatal) with a hint for 403; Error(kReject) for a request
/// that the engine refuses (400). Functions that create or change an index throw IndexRefused
/// instead if the engine cannot do that now (404, 405, 409, 429, 5xx).
class Engine {
 public:
  explicit Engine(std::shared_ptr<http::Transport> transport);

  /// Recognises the engine, and remembers it. Some builds respond to GET / with 405; then it asks
  /// _nodes/_local.
  const Flavor& Detect();

  /// Sends any request and returns the response, whatever its status. Throws only if there is no
  /// response.
  http::Response Send(const http::Request& request);
  /// Returns the JSON of a GET request; null if the engine reports that the object does not exist.
  /// Throws Error for any other failure, and for a response that does not come from the engine. So
  /// a temporary failure never looks like a missing index, which would be created again.
  json::Value Get(const std::string& path);

  // -- documents
  /// The body's index must be an alias. If it was deleted by hand, the engine then reports that,
  /// instead of creating the index with a guessed mapping.
  BulkResult Bulk(const BulkBody& body, std::chrono::milliseconds timeout);
  void Refresh(const std::string& index);
  /// Refreshes all of them in as few requests as possible; skips those that do not exist.
  void Refresh(const std::vector<std::string>& indexes);
  std::int64_t Count(const std::string& index);
  /// How many documents hold values that no search finds: those where `marker` is set, and those of
  /// which the engine ignores a value. By index; those without such documents may be missing.
  std::map<std::string, std::int64_t> CountUnsearchable(const std::vector<std::string>& names,
                                                        std::string_view marker);

  // -- indexes and aliases; names are the engine's (with prefix)
  /// Returns the indexes behind an alias, sorted; empty if there is no such alias.
  std::vector<std::string> AliasTargets(const std::string& alias);
  bool IndexExists(const std::string& index);
  /// Returns the engine's identity of each index that a name, an alias, a comma-separated list or a
  /// pattern stands for, by name. Empty if a name of the list does not exist.
  std::map<std::string, std::string> Uuids(const std::string& names);
  /// Like Uuids(), with the blocks of each index.
  std::map<std::string, IndexIdentity> Identities(const std::string& names);
  /// Creates the index. Throws Error(kReject) if it exists already.
  void CreateIndex(const std::string& index, const std::string& body_json,
                   const std::string& parameters = {});
  void DeleteIndex(const std::string& index);  ///< No error if it does not exist.
  /// No error if it does not exist.
  void DeleteAlias(const std::string& index, const std::string& alias);
  /// Adds the alias to `to` and removes it from every index of `from`, in one atomic call.
  void SwapAlias(const std::string& alias, const std::vector<std::string>& from,
                 const std::string& to);
  json::Value GetMapping(const std::string& index);  ///< {"properties":…, "_meta":…}
  void PutMapping(const std::string& index, const std::string& body_json);
  void PutSettings(const std::string& index, const std::string& body_json);

  /// At most `size` ids of an index after `after`, which is `next` of the previous page (empty:
  /// from the start). Uses search_after on `__id`, so documents that are deleted or added meanwhile
  /// do no harm. Documents without this field, which another program wrote, come last.
  struct IdPage {
    std::vector<std::string> ids;
    std::string next;                    ///< Where the next page begins.
    std::vector<std::string> routings;   ///< The routing of each; empty: its id.
    std::vector<std::string> documents;  ///< `_source` texts, if requested.
  };
  /// Returns the next page of ids. `only` is a query as JSON that limits the documents; empty for
  /// all.
  IdPage Ids(const std::string& index, const std::string& after, int size, bool with_documents,
             const std::string& only = {});

 private:
  std::shared_ptr<http::Transport> transport_;
  base::Mutex detect_;
  std::shared_ptr<const Flavor> flavor_ PGSLUICE_GUARDED_BY(detect_);
};

/// Returns the transport that the configuration describes.
std::shared_ptr<http::Transport> MakeTransport(const config::Elasticsearch& config);

}  // namespace pgsluice::engine
