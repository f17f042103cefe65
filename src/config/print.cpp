#include "pgsluice/config/print.h"

#include "config/options.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::config {

namespace {

using json::Value;

constexpr std::size_t kLine = 100;  ///< Shorter values stay on one line.

void Write(std::string& out, const Value& value, std::size_t indent) {
  const bool list = value.IsArray();
  const std::string flat = json::ToText(value);
  if ((!list && !value.IsObject()) || value.items.empty() == value.members.empty() ||
      (list && indent + flat.size() <= kLine)) {
    out += flat;
    return;
  }
  const std::string margin(indent + 2, ' ');
  out += list ? "[\n" : "{\n";
  std::size_t left = list ? value.items.size() : value.members.size();
  const auto end = [&] { out += --left > 0 ? ",\n" : "\n"; };
  for (const Value& item : value.items) {
    out += margin;
    Write(out, item, indent + 2);
    end();
  }
  for (const auto& [name, member] : value.members) {
    out += margin;
    json::AppendString(out, name);
    out += ": ";
    Write(out, member, indent + 2);
    end();
  }
  out += std::string(indent, ' ') + (list ? ']' : '}');
}

void Mask(const std::vector<Option>& options, Value& object) {
  for (auto& [name, value] : object.members) {
    for (const Option& option : options) {
      if (option.name != name) continue;
      if (option.secret && !value.text.empty()) value.text = "***";
      if (option.url) {
        value.text = observe::MaskUrl(value.text);
        for (Value& item : value.items) item.text = observe::MaskUrl(item.text);
      }
      if (option.type == Type::kObject) Mask(option.members(), value);
      if (option.type == Type::kMap && option.members != nullptr) {
        for (auto& [key, member] : value.members) Mask(option.members(), member);
      }
    }
  }
}

}  // namespace

std::string Pretty(const Value& value) {
  std::string out;
  Write(out, value, 0);
  return out + '\n';
}

std::string PrintJson(const Config& config) {
  Value masked = config.effective;
  Mask(RootOptions(), masked);
  return Pretty(masked);
}

}  // namespace pgsluice::config
