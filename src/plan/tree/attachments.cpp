#include "pgsluice/plan/attachments.h"

#include <algorithm>
#include <map>

namespace pgsluice::plan {

namespace {

void Unite(std::vector<std::string>& into, const std::vector<std::string>& more) {
  for (const std::string& name : more) {
    if (std::find(into.begin(), into.end(), name) == into.end()) into.push_back(name);
  }
}

}  // namespace

std::vector<Attachment> Attachments(const std::vector<std::shared_ptr<const Plan>>& plans) {
  std::vector<Attachment> attachments;
  std::map<std::uint32_t, std::size_t> places;
  for (const auto& plan : plans) {
    for (const Source& source : plan->sources) {
      if (!source.has_triggers) continue;
      const auto [place, is_new] = places.try_emplace(source.table, attachments.size());
      if (is_new) {
        attachments.push_back({source.table, source.table_name, source.captured, source.watched});
        continue;
      }
      Attachment* known = &attachments[place->second];
      Unite(known->captured, source.captured);
      const bool all = known->watched.empty() || source.watched.empty();
      if (all) {
        known->watched.clear();
      } else {
        Unite(known->watched, source.watched);
      }
    }
  }
  return attachments;
}

}  // namespace pgsluice::plan
