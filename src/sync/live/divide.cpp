#include "sync/live/divide.h"

#include <map>
#include <set>

#include "pgsluice/json/writer.h"
#include "pgsluice/plan/schema_ids.h"
#include "sync/live/document_syncer.h"

namespace pgsluice::sync {

namespace {

/// Divides the ids of an index over many schemas.
class Divider {
 public:
  Divider(pg::Session& session, const LiveIndex& index, const std::vector<std::string>& ids,
          const std::vector<std::string>& routings)
      : session_(session), index_(index), ids_(ids), routings_(routings) {}

  DividedIds Divide() {
    const plan::Schemas& schemas = *index_.plan->schemas;
    for (std::size_t place = 0; place < ids_.size(); ++place) {
      const auto schema = plan::SchemaOfId(ids_[place]);
      if (!schema) {
        hashed_.push_back(place);
      } else if (const auto member = schemas.Find(*schema)) {
        places_[*member].push_back(place);
      } else if (!schemas.broken.contains(*schema)) {
        divided_.foreign.push_back(place);
      }
    }
    FindHashed();
    for (const auto& [member, places] : places_) AddPart(member, places);
    return std::move(divided_);
  }

 private:
  /// Ids that are hashes do not contain their schema. They are rare, so each schema is queried for
  /// them.
  void FindHashed() {
    std::map<std::string, std::size_t> left;
    for (const std::size_t place : hashed_) {
      if (ids_[place].find('\0') == std::string::npos) {
        left.emplace(ids_[place], place);
      } else {
        divided_.foreign.push_back(place);
      }
    }
    const plan::Schemas& schemas = *index_.plan->schemas;
    for (std::size_t member = 0; member < schemas.members.size() && !left.empty(); ++member) {
      const LiveIndex one = index_.Of(member);
      std::vector<std::string> quoted;
      for (const auto& [id, place] : left) quoted.push_back(json::Quote(id));
      const pg::Result keys =
          session_.Exec(one.plan->keys_of_ids, {JsonArray(quoted, 0, quoted.size())});
      std::vector<std::string> found;
      for (std::size_t row = 0; row < keys.rows(); ++row) found.emplace_back(keys.Text(row, 0));
      if (found.empty()) continue;
      const pg::Result ids =
          session_.Exec(one.plan->ids_of_keys, {JsonArray(found, 0, found.size())});
      for (std::size_t row = 0; row < ids.rows(); ++row) {
        const auto known = left.find(std::string(ids.Text(row, 1)));
        if (known == left.end()) continue;
        places_[member].push_back(known->second);
        left.erase(known);
      }
    }
    // They may belong to rows of a schema that does not fit.
    if (!schemas.broken.empty()) return;
    for (const auto& [id, place] : left) divided_.foreign.push_back(place);
  }

  void AddPart(std::size_t member, const std::vector<std::size_t>& places) {
    IdsOfOne& part = divided_.parts.emplace_back(IdsOfOne{index_.Of(member), {}, {}});
    for (const std::size_t place : places) {
      part.ids.push_back(ids_[place]);
      if (!routings_.empty()) part.routings.push_back(routings_[place]);
    }
  }

  pg::Session& session_;
  const LiveIndex& index_;
  const std::vector<std::string>& ids_;
  const std::vector<std::string>& routings_;
  std::map<std::size_t, std::vector<std::size_t>> places_;  ///< By member.
  std::vector<std::size_t> hashed_;
  DividedIds divided_;
};

}  // namespace

DividedIds DivideIds(pg::Session& session, const LiveIndex& index,
                     const std::vector<std::string>& ids,
                     const std::vector<std::string>& routings) {
  if (index.plan->schemas != nullptr) return Divider(session, index, ids, routings).Divide();
  return {{{index, ids, routings}}, {}};
}

}  // namespace pgsluice::sync
