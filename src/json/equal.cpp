#include "pgsluice/json/equal.h"

namespace pgsluice::json {

namespace {

bool SameItems(const Value& a, const Value& b) {
  if (a.items.size() != b.items.size()) return false;
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!Equal(a.items[i], b.items[i])) return false;
  }
  return true;
}

bool SameMembers(const Value& a, const Value& b) {
  if (a.members.size() != b.members.size()) return false;
  for (std::size_t i = 0; i < a.members.size(); ++i) {
    const auto& [name, value] = a.members[i];
    const bool same_place = b.members[i].first == name;
    const Value* other = same_place ? &b.members[i].second : b.Find(name);
    if (other == nullptr || !Equal(value, *other)) return false;
  }
  return true;
}

}  // namespace

bool Equal(const Value& a, const Value& b) {
  if (a.type != b.type) return false;
  switch (a.type) {
    case Type::kNull:
      return true;
    case Type::kBool:
      return a.boolean == b.boolean;
    case Type::kNumber:
    case Type::kString:
      return a.text == b.text;
    case Type::kArray:
      return SameItems(a, b);
    case Type::kObject:
      return SameMembers(a, b);
  }
  return false;
}

}  // namespace pgsluice::json
