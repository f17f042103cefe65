#include "pgsluice/config/schema.h"

#include <spdlog/fmt/fmt.h>

#include <map>

#include "config/options.h"
#include "pgsluice/config/print.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::config {

namespace {

/// Builds the JSON Schema. Objects that recur (embeds within embeds) become definitions.
class Schema {
 public:
  std::string Text() {
    std::string root = Object(RootOptions);
    root.pop_back();
    std::string definitions;
    for (const auto& [name, text] : definitions_) {
      definitions += (definitions.empty() ? "" : ",") + json::Quote(name) + ':' + text;
    }
    const std::string text =
        R"({"$schema":"https://json-schema.org/draft/2020-12/schema","title":"pgsluice.json",)" +
        root.substr(1) + ",\"$defs\":{" + definitions + "}}";
    return Pretty(json::Parse(text));
  }

 private:
  std::string Object(Option::Members members) {
    std::string properties;
    std::string required;
    for (const Option& option : members()) {
      properties += (properties.empty() ? "" : ",") + json::Quote(option.name) + ':' + One(option);
      if (option.required) required += (required.empty() ? "" : ",") + json::Quote(option.name);
    }
    std::string out = "{\"type\":\"object\",\"properties\":{" + properties + '}';
    if (!required.empty()) out += ",\"required\":[" + required + ']';
    return out + ",\"additionalProperties\":false}";
  }

  std::string One(const Option& option) {
    std::string out = "{";
    const auto add = [&out](const char* name, const std::string& value) {
      out += (out.size() > 1 ? "," : "") + json::Quote(name) + ':' + value;
    };
    if (!option.description.empty()) add("description", json::Quote(option.description));
    if (!option.default_json.empty() && option.default_json != "{}") {
      add("default", option.default_json);
    }
    AddType(option, add);
    return out + '}';
  }

  template <typename Add>
  void AddType(const Option& option, const Add& add) {
    switch (option.type) {
      case Type::kString:
        add("type", option.nullable ? R"(["string","null"])" : R"("string")");
        AddText(option, add);
        break;
      case Type::kInteger:
      case Type::kNumber:
        AddNumber(option, add);
        break;
      case Type::kBool:
        add("type", option.nullable ? R"(["boolean","null"])" : R"("boolean")");
        break;
      case Type::kBytes:
        add("type", R"(["string","integer"])");
        add("pattern", json::Quote("^[0-9]+ *([kKmMgG]?[bB])?$"));
        break;
      case Type::kStrings: {
        Option item;
        item.allowed = option.allowed;
        add("type", "\"array\"");
        add("items", One(item));
        break;
      }
      case Type::kObject:
        AddObject(option, add);
        break;
      case Type::kObjects:
        add("type", "\"array\"");
        add("items", Object(option.members));
        break;
      case Type::kMap:
        add("type", "\"object\"");
        add("additionalProperties", MapItem(option));
        break;
      case Type::kAnyObject:
        add("type", option.nullable ? R"(["object","null"])" : R"("object")");
        break;
      case Type::kAggregate:
        add("oneOf", R"([{"const":"count"},{"type":"object","minProperties":1,"maxProperties":1,)"
                     R"("propertyNames":{"enum":["sum","min","max","avg"]},)"
                     R"("additionalProperties":{"type":"string"}}])");
        break;
    }
  }

  template <typename Add>
  static void AddText(const Option& option, const Add& add) {
    if (!option.pattern.empty()) add("pattern", json::Quote(option.pattern));
    if (option.allowed.empty()) return;
    std::string allowed;
    for (const std::string& word : option.allowed) {
      allowed += (allowed.empty() ? "" : ",") + json::Quote(word);
    }
    add("enum", '[' + allowed + ']');
  }

  template <typename Add>
  static void AddNumber(const Option& option, const Add& add) {
    const std::string type = option.type == Type::kInteger ? "\"integer\"" : "\"number\"";
    add("type", option.nullable ? '[' + type + ",\"null\"]" : type);
    const Option open;
    if (option.min > open.min) add("minimum", fmt::format("{:.15g}", option.min));
    if (option.max < open.max) add("maximum", fmt::format("{:.15g}", option.max));
  }

  template <typename Add>
  void AddObject(const Option& option, const Add& add) {
    const std::string object = Object(option.members);
    if (option.nullable) {
      add("anyOf", '[' + object + R"(,{"type":"null"}])");
    } else {
      add("$ref", Define(option.name, option.members));
    }
  }

  std::string MapItem(const Option& option) {
    if (option.members != nullptr) {
      return "{\"$ref\":" + Define(option.name, option.members) + '}';
    }
    Option item;
    item.type = option.item;
    item.min = option.min;
    item.max = option.max;
    item.allowed = option.allowed;
    return One(item);
  }

  /// Returns a reference to a definition, which is created on first use. Two maps with the same
  /// name but different members (the indexes of the root and of a policy) get separate definitions.
  std::string Define(const std::string& name, Option::Members members) {
    std::string& reference = references_[members];
    if (reference.empty()) {
      std::string unique = name;
      while (definitions_.contains(unique)) unique += "_rule";
      reference = json::Quote("#/$defs/" + unique);
      definitions_[unique] = "{}";  // Must exist while its own members are written.
      definitions_[unique] = Object(members);
    }
    return references_[members];
  }

  std::map<std::string, std::string> definitions_;
  std::map<Option::Members, std::string> references_;
};

}  // namespace

std::string SchemaJson() { return Schema().Text(); }

std::string SettingsMarkdown() {
  std::string out = "| file | environment | flag | default |\n| --- | --- | --- | --- |\n";
  for (const Setting& setting : Settings()) {
    const Option& option = *setting.option;
    const bool secret = option.secret || option.url;
    out += fmt::format("| `{}` | {} | {} | {} |\n", fmt::join(setting.path, "."),
                       option.environment.empty() ? ""
                                                  : fmt::format("`{}`{}", option.environment,
                                                                secret ? " (or `…_FILE`)" : ""),
                       option.flag.empty() ? "" : fmt::format("`--{}`", option.flag),
                       option.default_json.empty() ? "" : fmt::format("`{}`", option.default_json));
  }
  return out;
}

}  // namespace pgsluice::config
