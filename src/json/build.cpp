#include "pgsluice/json/build.h"

#include <sstream>

namespace {

struct RawText {
  std::string json;
};

}  // namespace

/// Poco's Stringifier copies the text of values that are neither numbers nor strings.
template <>
class Poco::Dynamic::VarHolderImpl<RawText> : public Poco::Dynamic::VarHolder {
 public:
  explicit VarHolderImpl(RawText raw) : raw_(std::move(raw)) {}

  const std::type_info& type() const override { return typeid(RawText); }
  void convert(std::string& out) const override { out = raw_.json; }
  VarHolder* clone(Placeholder<VarHolder>* place = nullptr) const override {
    return cloneHolder(place, raw_);
  }
  const RawText& value() const { return raw_; }

 private:
  const RawText raw_;
};

namespace pgsluice::json {

namespace {

template <typename Pointer>
std::string Stringified(const Pointer& made) {
  std::ostringstream out;
  made->stringify(out);
  return std::move(out).str();
}

}  // namespace

ObjectPtr Members(std::initializer_list<std::pair<std::string, Built>> members) {
  ObjectPtr object = new Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER);
  for (const auto& [name, value] : members) object->set(name, value);
  return object;
}

ArrayPtr Items(std::initializer_list<Built> items) {
  ArrayPtr array = new Poco::JSON::Array;
  for (const Built& item : items) array->add(item);
  return array;
}

ArrayPtr Items(const std::vector<std::string>& texts) {
  ArrayPtr array = new Poco::JSON::Array;
  for (const std::string& text : texts) array->add(text);
  return array;
}

Built Raw(std::string json) { return RawText{std::move(json)}; }

std::string ToText(const ObjectPtr& object) { return Stringified(object); }
std::string ToText(const ArrayPtr& array) { return Stringified(array); }

}  // namespace pgsluice::json
