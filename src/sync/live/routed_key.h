#pragma once

#include <string>

namespace pgsluice::sync {

/// A key that also carries the routing of its document: `["7",{"text":"de"}]`. With it, the
/// document is deleted from the right shard when its row is gone or has another routing. An empty
/// routing changes nothing, because then the document is routed by its id.
std::string RoutedKey(std::string key, const std::string& routing);
/// Removes the routing from `key` and returns it. Returns "" and leaves `key` unchanged if it has
/// none.
std::string TakeRouting(std::string& key);

}  // namespace pgsluice::sync
