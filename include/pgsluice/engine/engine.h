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

/// The search engine's HTTP API as far as pgsluice uses it, for Elasticsearch 8, 9 and OpenSearch
/// 2, 3. What differs between the families is asked of Flavor, nowhere else.
namespace pgsluice::engine {

struct Flavor {
  bool opensearch = false;
  std::string version;        ///< "3.8.0".
  bool has_analysis = false;  ///< asciifolding, edge_ngram, language analyzers can be used.
  std::string Name() const;   ///< "OpenSearch 3.8.0".
  const char* JsonType() const { return opensearch ? "flat_object" : "flattened"; }
};

/// The engine does not let us in (401, a wrong signature): this concerns every index.
class CredentialsRefused : public Error {
 public:
  CredentialsRefused(const std::string& message, std::string hint)
      : Error(Disposition::kFatal, message, std::move(hint)) {}
};

/// The engine takes no such change of one index for now, because of a block on it.
class IndexBlocked : public IndexRefused {
 public:
  explicit IndexBlocked(const std::string& message);
};

/// What to do about a block that the text names; "" if it names none.
std::string BlockRemedy(std::string_view text);

/// What the engine says of an index.
struct IndexIdentity {
  std::string uuid;
  std::vector<std::string> blocks;  ///< That are set, as in "read_only_allow_delete".
};

/// One engine. Thread-safe. Errors: unreachable, overloaded or timed out is Error(kRetry);
/// 401 is CredentialsRefused, 403 Error(kFatal) with a hint; a request the engine refuses (400) is
/// Error(kReject). What an index is made and changed by throws IndexRefused instead if the engine
/// answers that it cannot do that now (404, 405, 409, 429, 5xx).
class Engine {
 public:
  explicit Engine(std::shared_ptr<http::Transport> transport);

  /// Recognises the engine (notes: GET / answers 405 on some builds, then _nodes/_local).
  /// Remembered.
  const Flavor& Detect();

  /// Sends any request and returns the answer, whatever its status. Throws only if there is no
  /// answer.
  http::Response Send(const http::Request& request);
  /// The JSON that a GET answers; null when the engine says that there is no such thing. An engine
  /// that cannot tell, and anything else that answers in its place, is an Error: nothing passing
  /// may look like a missing index, which would be made again.
  json::Value Get(const std::string& path);

  // -- documents
  /// The body's index must be an alias, so that one deleted by hand is noticed instead of being
  /// made again by the engine with a guessed mapping.
  BulkResult Bulk(const BulkBody& body, std::chrono::milliseconds timeout);
  void Refresh(const std::string& index);
  /// All of them by as few requests as possible; those that do not exist are passed over.
  void Refresh(const std::vector<std::string>& indexes);
  std::int64_t Count(const std::string& index);

  // -- indexes and aliases; names are the engine's (with prefix)
  /// The indexes behind an alias, sorted; empty when there is no such alias.
  std::vector<std::string> AliasTargets(const std::string& alias);
  bool IndexExists(const std::string& index);
  /// The indexes that a name, an alias, a comma list or a pattern of them means: the engine's
  /// identity of each, by name. Empty when a name of the list is missing.
  std::map<std::string, std::string> Uuids(const std::string& names);
  /// The same with the blocks of each.
  std::map<std::string, IndexIdentity> Identities(const std::string& names);
  /// Creates it; an index that is there already is Error(kReject).
  void CreateIndex(const std::string& index, const std::string& body_json,
                   const std::string& parameters = {});
  void DeleteIndex(const std::string& index);  ///< No error when it is missing.
  void DeleteAlias(const std::string& index, const std::string& alias);  ///< The same.
  /// One atomic call: adds the alias to `to`, takes it from every index of `from`.
  void SwapAlias(const std::string& alias, const std::vector<std::string>& from,
                 const std::string& to);
  json::Value GetMapping(const std::string& index);  ///< {"properties":…, "_meta":…}
  void PutMapping(const std::string& index, const std::string& body_json);
  void PutSettings(const std::string& index, const std::string& body_json);

  /// At most `size` ids of an index behind `after`, which is `next` of the page before (empty: from
  /// the start). By search_after on `__id`, so that what was deleted by hand or added meanwhile
  /// does no harm; documents that somebody else wrote, without this field, come last.
  struct IdPage {
    std::vector<std::string> ids;
    std::string next;                    ///< Where the next page begins.
    std::vector<std::string> routings;   ///< What each was routed by; empty: its id.
    std::vector<std::string> documents;  ///< `_source` texts when asked for.
  };
  IdPage Ids(const std::string& index, const std::string& after, int size, bool with_documents);

 private:
  std::shared_ptr<http::Transport> transport_;
  base::Mutex detect_;
  std::shared_ptr<const Flavor> flavor_ PGSLUICE_GUARDED_BY(detect_);
};

/// The transport that the configuration describes.
std::shared_ptr<http::Transport> MakeTransport(const config::Elasticsearch& config);

}  // namespace pgsluice::engine
