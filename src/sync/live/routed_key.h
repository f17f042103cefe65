#pragma once

#include <string>

namespace pgsluice::sync {

/// Returns a key that also carries the routing of its document: `["7",{"text":"de"}]`. So the
/// document can be deleted from the right shard if its row does not exist any longer or has another
/// routing. An empty routing changes nothing, because such a document is routed by its id.
std::string RoutedKey(std::string key, const std::string& routing);
/// Removes the routing from `key` and returns it. Returns "" and leaves `key` unchanged if it has
/// none.
std::string TakeRouting(std::string& key);

}  // namespace pgsluice::sync
