#include "pgsluice/engine/refused.h"

#include <array>

namespace pgsluice::engine {

namespace {

struct Remedy {
  std::string_view part;  ///< Of the engine's reason.
  std::string_view text;
};

constexpr std::string_view kDisk =
    "free disk space on the engine's nodes: it removes this block by itself when there is space "
    "again";

// The first match counts.
constexpr std::array kRemedies = {
    Remedy{"flood-stage", kDisk},
    Remedy{"read-only-allow-delete", kDisk},
    Remedy{"read_only_allow_delete", kDisk},
    Remedy{"No space left", kDisk},
    Remedy{"cluster_block_exception",
           "remove the block from the index's settings (index.blocks.*) or from the cluster's"},
    Remedy{"circuit_breaking_exception",
           "the engine is short of heap: give its nodes more memory, or send less at a time "
           "(sync.bulk_bytes, sync.workers)"},
    Remedy{"rejected_execution", "the engine is overloaded: add nodes, or lower sync.workers"},
    Remedy{"shards open",  // "maximum [normal] shards open"
           "delete indexes that are not needed, or raise cluster.max_shards_per_node"},
    Remedy{"Limit of total fields",
           "leave columns out ('columns', 'exclude'), or raise index.mapping.total_fields.limit in "
           "the index's 'settings'"},
    Remedy{"Limit of mapping depth",
           "embed fewer levels, or raise index.mapping.depth.limit in the index's 'settings'"},
    Remedy{
        "nested fields",
        "set \"nested\": false on some embeds, or raise index.mapping.nested_fields.limit in the "
        "index's 'settings'"},
    Remedy{"unavailable_shards_exception",
           "a shard has no active primary: look at the engine's cluster health"},
    Remedy{"index_closed_exception", "open the index in the engine"},
};

}  // namespace

std::string KnownRemedy(std::string_view text) {
  for (const Remedy& remedy : kRemedies) {
    if (text.find(remedy.part) != std::string_view::npos) return std::string(remedy.text);
  }
  return {};
}

std::string RemedyOf(int status, std::string_view text) {
  if (std::string known = KnownRemedy(text); !known.empty()) return known;
  if (status == 403) return "give this user the privileges to create, write and search its indexes";
  if (status == 405 || status == 404) return "is there a proxy between pgsluice and the engine?";
  if (status == 429) return "the engine is overloaded; pgsluice tries again by itself";
  return "look at the engine's log; pgsluice tries again by itself";
}

}  // namespace pgsluice::engine
