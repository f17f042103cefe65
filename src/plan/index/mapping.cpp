#include "pgsluice/json/writer.h"
#include "pgsluice/plan/engine_path.h"
#include "pgsluice/plan/plan.h"
#include "pgsluice/plan/text_rules.h"
#include "pgsluice/plan/unsearchable.h"
#include "plan/index/longest_term.h"
#include "plan/tree/fields.h"

namespace pgsluice::plan {

namespace {

constexpr const char* kDateFormat = "strict_date_optional_time||epoch_millis";

json::Value Text(const std::string& text) {
  json::Value value;
  value.type = json::Type::kString;
  value.text = text;
  return value;
}

json::Value Number(std::size_t number) {
  json::Value value;
  value.type = json::Type::kNumber;
  value.text = std::to_string(number);
  return value;
}

json::Value Bool(bool boolean) {
  json::Value value;
  value.type = json::Type::kBool;
  value.boolean = boolean;
  return value;
}

json::Value Object(std::vector<json::Value::Member> members = {}) {
  json::Value value;
  value.type = json::Type::kObject;
  value.members = std::move(members);
  return value;
}

void Set(json::Value& object, const std::string& name, json::Value value) {
  for (auto& member : object.members) {
    if (member.first == name) {
      member.second = std::move(value);
      return;
    }
  }
  object.members.emplace_back(name, std::move(value));
}

class Mapping {
 public:
  Mapping(const Plan& plan, bool opensearch) : plan_(plan), opensearch_(opensearch) {}

  json::Value Build() {
    json::Value properties = Properties(plan_.fields);
    Set(properties, "__id", Object({{"type", Text("keyword")}}));
    Set(properties, std::string(Unsearchable::kField), Object({{"type", Text("keyword")}}));
    if (any_text_) Set(properties, "__all", Main());
    json::Value mapping = Object({{"dynamic", Bool(false)}});
    if (!plan_.config.routing.empty()) {
      Set(mapping, "_routing", Object({{"required", Bool(true)}}));
    }
    Set(mapping, "properties", std::move(properties));
    return mapping;
  }

 private:
  json::Value Properties(const std::vector<Field>& fields) {
    json::Value properties = Object();
    json::Value orders = Object();
    for (const Field& field : fields) {
      json::Value definition = Definition(field);
      if (definition.members.empty()) continue;
      if (IsPattern(field.name)) AddAliases(properties, field, definition);
      properties.members.emplace_back(field.name, std::move(definition));
      if (field.kind == Kind::kEnum && !field.array) {
        orders.members.emplace_back(field.name, Object({{"type", Text("short")}}));
      }
    }
    if (!orders.members.empty()) {
      properties.members.emplace_back("__enum", Object({{"properties", std::move(orders)}}));
    }
    return properties;
  }

  /// Adds names that queries can use for a field whose own name is a pattern to the engine.
  static void AddAliases(json::Value& properties, const Field& field,
                         const json::Value& definition) {
    const auto add = [&](const std::string& name, const std::string& path) {
      properties.members.emplace_back(name,
                                      Object({{"type", Text("alias")}, {"path", Text(path)}}));
    };
    add(EnginePath(field.name), field.path);
    const json::Value* subs = definition.Find("fields");
    if (subs == nullptr) return;
    for (const auto& [sub, value] : subs->members) {
      add(EnginePath(field.name, sub), field.path + "." + sub);
    }
  }

  json::Value Definition(const Field& field) {
    const json::Value* wanted = OverrideOf(plan_.config, field.path);
    json::Value definition = Derived(field);
    if (field.identifier) AddSubFields(definition, IdentifierFields());
    if (wanted == nullptr || !wanted->IsObject()) return definition;
    const json::Value* type = wanted->Find("type");
    const json::Value* derived = definition.Find("type");
    if (type != nullptr && derived != nullptr && type->text != derived->text &&
        field.kind != Kind::kObject) {
      KeepAcrossTypes(field, definition);
    }
    for (const auto& [name, value] : wanted->members) Lay(definition, name, value);
    return definition;
  }

  /// Drops parameters that another type does not have, but keeps what filters, sorts and `q` use.
  static void KeepAcrossTypes(const Field& field, json::Value& definition) {
    std::erase_if(definition.members, [&](const auto& member) {
      const bool text = member.first == "copy_to" || member.first == "analyzer";
      return !(member.first == "fields" || (text && field.kind == Kind::kText));
    });
    if (field.kind == Kind::kText) return;
    // A text column that is mapped to another type has no `.keyword`.
    const json::Value* fields = definition.Find("fields");
    if (fields != nullptr && !field.identifier) definition.members.clear();
  }

  /// Adds a user's sub-fields and copies to ours; everything else replaces ours.
  static void Lay(json::Value& definition, const std::string& name, const json::Value& value) {
    const json::Value* ours = definition.Find(name);
    if (name == "fields" && ours != nullptr && value.IsObject()) {
      AddSubFields(definition, value);
    } else if (name == "copy_to" && ours != nullptr) {
      json::Value both;
      both.type = json::Type::kArray;
      both.items.push_back(*ours);
      if (value.IsArray()) {
        both.items.insert(both.items.end(), value.items.begin(), value.items.end());
      } else {
        both.items.push_back(value);
      }
      Set(definition, name, std::move(both));
    } else {
      Set(definition, name, value);
    }
  }

  static void AddSubFields(json::Value& definition, const json::Value& more) {
    const json::Value* ours = definition.Find("fields");
    json::Value fields = ours == nullptr ? Object() : *ours;
    for (const auto& [name, value] : more.members) Set(fields, name, value);
    Set(definition, "fields", std::move(fields));
  }

  static json::Value Analysed(const std::string& analyzer) {
    return Object({{"type", Text("text")}, {"analyzer", Text(analyzer)}});
  }

  static json::Value IdentifierFields() {
    json::Value joined = Analysed("pgsluice_joined");
    Set(joined, "norms", Bool(false));
    Set(joined, "index_options", Text("docs"));
    return Object({{std::string(kParts), Analysed("pgsluice_parts")},
                   {std::string(kJoined), std::move(joined)}});
  }

  /// Adds the analyzer, and the words as written for typos and beginnings.
  static void Analyse(json::Value& text, const Analyzers& analyzers) {
    if (analyzers.index.empty() && analyzers.search.empty()) return;
    if (analyzers.index != "default") {
      Set(text, "analyzer", Text(analyzers.index.empty() ? "default" : analyzers.index));
    }
    AddSubFields(text, Object({{std::string(kPlain), Analysed("pgsluice_text")}}));
  }

  json::Value Main() const {
    json::Value all = Object({{"type", Text("text")}});
    Analyse(all, MainAnalyzers(plan_.config));
    return all;
  }

  json::Value Derived(const Field& field) {
    switch (field.kind) {
      case Kind::kInteger:
      case Kind::kDecimal:
      case Kind::kIp:
      case Kind::kGeoPoint:
      case Kind::kGeoShape:
        return Lenient(field.engine_type);
      case Kind::kText:
        return TextField(field);
      case Kind::kKeyword:
      case Kind::kEnum:
      case Kind::kTime:
        return Object({{"type", Text("keyword")}, {"ignore_above", Number(kLongestTerm)}});
      case Kind::kDate: {
        json::Value date = Lenient("date");
        Set(date, "format", Text(kDateFormat));
        return date;
      }
      case Kind::kJson:
        return Json();
      case Kind::kRange:
        return Range(field);
      case Kind::kVector:
        return Vector(field);
      case Kind::kObject:
        return Nested(field);
      case Kind::kBool:
      case Kind::kIpRange:
      case Kind::kBinary:
        return Object({{"type", Text(field.engine_type)}});
    }
    return Object();
  }

  static json::Value Lenient(const std::string& type) {
    return Object({{"type", Text(type)}, {"ignore_malformed", Bool(true)}});
  }

  json::Value TextField(const Field& field) {
    json::Value exact = Object({{"type", Text("keyword")}, {"ignore_above", Number(kLongestTerm)}});
    json::Value text =
        Object({{"type", Text("text")}, {"fields", Object({{"keyword", std::move(exact)}})}});
    Analyse(text, AnalyzersOf(plan_.config, field));
    if (IsInMain(plan_.config, field)) {
      any_text_ = true;
      Set(text, "copy_to", Text("__all"));
    }
    return text;
  }

  json::Value Json() const {
    if (opensearch_) return Object({{"type", Text("flat_object")}});
    return Object({{"type", Text("flattened")},
                   {"depth_limit", Number(100)},
                   {"ignore_above", Number(kLongestJsonTerm)}});
  }

  static json::Value Range(const Field& field) {
    if (field.engine_type.empty()) return Object();
    json::Value range = Object({{"type", Text(field.engine_type)}});
    if (field.engine_type == "date_range") Set(range, "format", Text(kDateFormat));
    return range;
  }

  json::Value Vector(const Field& field) const {
    if (field.vector_dimensions <= 0 || field.array) return Object();
    if (opensearch_) {
      return Object({{"type", Text("knn_vector")},
                     {"dimension", Number(static_cast<std::size_t>(field.vector_dimensions))}});
    }
    return Object({{"type", Text("dense_vector")},
                   {"dims", Number(static_cast<std::size_t>(field.vector_dimensions))},
                   {"similarity", Text("l2_norm")}});
  }

  json::Value Nested(const Field& field) {
    json::Value object = Object();
    if (field.nested) Set(object, "type", Text("nested"));
    Set(object, "dynamic", Bool(false));
    Set(object, "properties", Properties(field.fields));
    return object;
  }

  const Plan& plan_;
  bool opensearch_;
  bool any_text_ = false;
};

}  // namespace

std::string Plan::MappingJson(bool opensearch) const {
  return json::ToText(Mapping(*this, opensearch).Build());
}

}  // namespace pgsluice::plan
