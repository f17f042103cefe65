#include "app/import/import_pgsync.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <regex>
#include <utility>

#include "app/import/pgsync_columns.h"
#include "pgsluice/base/error.h"
#include "pgsluice/config/print.h"
#include "pgsluice/json/value.h"

namespace pgsluice::app {

namespace {

using json::Value;
using Members = std::vector<Value::Member>;

constexpr const char* kSchema = "schema.json of PGSync";

/// Returns a name as it has to be written in SQL.
std::string Quoted(const std::string& name) {
  static const std::regex kPlain("[a-z_][a-z0-9_]*");
  if (std::regex_match(name, kPlain)) return name;
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + '"';
}

std::string TableName(const std::string& schema, const std::string& table) {
  const bool needed = !schema.empty() && schema != "public";
  return (needed ? Quoted(schema) + '.' : "") + Quoted(table);
}

/// Replaces PGSync's $NAME of the environment by ${NAME}. Escapes "${NAME}" in other texts, where
/// PGSync has no variables.
std::string Variables(const std::string& text) {
  static const std::regex kName(R"(\$([A-Za-z_][A-Za-z0-9_]*))");
  return std::regex_replace(text, kName, "$${$1}");
}

void EscapeVariables(Value& value) {
  static const std::regex kVariable(R"(\$\{[A-Za-z_][A-Za-z0-9_]*\})");
  if (value.IsString()) value.text = std::regex_replace(value.text, kVariable, "$$$&");
  for (Value& item : value.items) EscapeVariables(item);
  for (auto& [name, member] : value.members) EscapeVariables(member);
}

/// Reports members that are neither translated nor known to have no effect.
void CheckMembers(const Value& object, std::initializer_list<std::string_view> known,
                  const std::string& place, Notes& notes) {
  for (const auto& [name, value] : object.members) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      notes.Add(place, fmt::format("\"{}\" is left out: not a keyword of PGSync", name));
    }
  }
}

/// Translates one index: the tree of nodes of one document.
class IndexImport {
 public:
  IndexImport(const Value& document, std::string name, Notes& notes)
      : document_(document), place_("indexes." + std::move(name)), notes_(notes) {}

  Value Run() {
    CheckMembers(document_,
                 {"database", "index", "nodes", "setting", "mapping", "mappings", "pipeline",
                  "plugins", "routing"},
                 place_, notes_);
    const Value* nodes = document_.Find("nodes");
    if (nodes == nullptr || !nodes->IsObject() || TextOf(*nodes, "table").empty()) {
      throw Error(Disposition::kReject, place_ + ": \"nodes\" has to be an object with a \"table\"",
                  "a list of nodes is the format of PGSync 1: run its script migrate_schema_v2");
    }
    ReadNested();
    Value index = ObjectValue();
    Node(*nodes, "", place_, "root", index);
    EscapeVariables(index);
    Mapping(index);
    Rest(*nodes, index);
    return index;
  }

 private:
  /// Reads which labels the document's own mapping makes nested.
  void ReadNested() {
    const Value* mapping = document_.Find("mapping");
    if (mapping != nullptr) Flatten(*mapping, "");
  }

  void Flatten(const Value& definitions, const std::string& prefix) {
    for (const auto& [name, definition] : definitions.members) {
      const std::string path = prefix + name;
      if (name == "dynamic_templates" || !definition.IsObject()) {
        notes_.Add(place_ + ".mapping",
                   fmt::format("\"{}\" is left out: every field of a document is known", name));
        continue;
      }
      const std::string type = TextOf(definition, "type");
      const Value* properties = definition.Find("properties");
      if (properties != nullptr) Flatten(*properties, path + '.');
      if (type == "nested") nested_.push_back(path);
      if (properties != nullptr || type == "nested" || type == "object") continue;
      mapping_.emplace_back(path, definition);
    }
  }

  void Node(const Value& node, const std::string& prefix, const std::string& place,
            const std::string& alias, Value& out) {
    CheckMembers(node,
                 {"base_tables", "children", "columns", "label", "primary_key", "relationship",
                  "schema", "table", "transform"},
                 place, notes_);
    out.members.emplace_back("table",
                             TextValue(TableName(TextOf(node, "schema"), TextOf(node, "table"))));
    const std::vector<std::string> key = TextsOf(node.Find("primary_key"));
    if (!key.empty()) out.members.emplace_back("key", ListValue(key));
    if (prefix.empty()) {
      Content(node, prefix, place, alias, out);
    } else {
      Relationship(node, prefix, place, alias, out);
    }
    Sources(node, key, place, out);
  }

  /// Translates columns and children.
  void Content(const Value& node, const std::string& prefix, const std::string& place,
               const std::string& alias, Value& out) {
    const PgsyncColumns columns(node, place, alias, notes_);
    if (prefix.empty()) routing_ = columns.ColumnOf(TextOf(document_, "routing"));
    columns.Write(out);
    columns.Mapping(prefix, mapping_);
    const Value* children = node.Find("children");
    if (children == nullptr || children->items.empty()) return;
    Value embed = ObjectValue();
    for (const Value& child : children->items) {
      if (!child.IsObject() || TextOf(child, "table").empty()) {
        throw Error(Disposition::kReject, place + ": a child has no \"table\"");
      }
      const std::string given = TextOf(child, "label");
      const std::string label = columns.LabelOf(given.empty() ? TextOf(child, "table") : given);
      const std::string there = place + ".embed." + label;
      if (embed.Find(label) != nullptr) {
        notes_.Add(there, "a second child of this label is left out: PGSync keeps only one");
        continue;
      }
      if (TableName(TextOf(child, "schema"), TextOf(child, "table")) ==
              TableName(TextOf(node, "schema"), TextOf(node, "table")) &&
          child.Find({"relationship", "foreign_key"}) == nullptr) {
        notes_.Add(there,
                   "the table refers to itself: write \"on\": {\"PARENT COLUMN\": "
                   "\"CHILD COLUMN\"} to give the direction");
      }
      Value made = ObjectValue();
      Node(child, prefix + label + '.', there, "child", made);
      embed.members.emplace_back(label, std::move(made));
    }
    out.members.emplace_back("embed", std::move(embed));
  }

  void Relationship(const Value& node, const std::string& prefix, const std::string& place,
                    const std::string& alias, Value& out) {
    static const Value kNone = ObjectValue();
    const Value* given = node.Find("relationship");
    const Value& relationship = given == nullptr ? kNone : *given;
    CheckMembers(relationship, {"foreign_key", "through_tables", "type", "variant"}, place, notes_);
    const bool through = Through(node, relationship, place, out);
    On(relationship, through, place, out);
    // Without a link table, PGSync follows the file and not the keys of the table.
    const bool many = TextOf(relationship, "type") != "one_to_one";
    if (!through) out.members.emplace_back("many", BoolValue(many));
    if (TextOf(relationship, "variant") == "scalar") {
      Scalar(node, place, out);
      return;
    }
    if (many || through) {
      const std::string path = prefix.substr(0, prefix.size() - 1);
      const bool nested = std::find(nested_.begin(), nested_.end(), path) != nested_.end();
      out.members.emplace_back("nested", BoolValue(nested));
    }
    Content(node, prefix, place, alias, out);
  }

  void Scalar(const Value& node, const std::string& place, Value& out) {
    const PgsyncColumns columns(node, place, "child", notes_);
    const std::string column = columns.Scalar();
    if (!column.empty()) out.members.emplace_back("value", TextValue(column));
    const Value* children = node.Find("children");
    if (children != nullptr && !children->items.empty()) {
      notes_.Add(place, "children are left out: single values have none, in PGSync either");
    }
  }

  bool Through(const Value& node, const Value& relationship, const std::string& place, Value& out) {
    Value links;
    links.type = json::Type::kArray;
    for (const std::string& table : TextsOf(relationship.Find("through_tables"))) {
      const std::size_t dot = table.find('.');
      const bool bare = dot == std::string::npos;
      Value link = ObjectValue();
      link.members.emplace_back(
          "table", TextValue(bare ? TableName(TextOf(node, "schema"), table)
                                  : TableName(table.substr(0, dot), table.substr(dot + 1))));
      links.items.push_back(std::move(link));
    }
    if (links.items.empty()) return false;
    out.members.emplace_back("through", std::move(links));
    if (TextOf(relationship, "type") == "one_to_one") {
      notes_.Add(place, "type \"one_to_one\" with a link table is a list, in PGSync too");
    }
    return true;
  }
  void On(const Value& relationship, bool through, const std::string& place, Value& out) {
    const Value* key = relationship.Find("foreign_key");
    if (key == nullptr || key->members.empty()) return;
    if (through) {
      notes_.Add(place, "foreign_key is left out: with a link table PGSync does not use it either");
      return;
    }
    const std::vector<std::string> parent = TextsOf(key->Find("parent"));
    const std::vector<std::string> child = TextsOf(key->Find("child"));
    if (parent.empty() || parent.size() != child.size()) {
      notes_.Add(place, "foreign_key is left out: parent and child need as many columns each");
      return;
    }
    Value on = ObjectValue();
    for (std::size_t i = 0; i < parent.size(); ++i) {
      on.members.emplace_back(parent[i], TextValue(child[i]));
    }
    out.members.emplace_back("on", std::move(on));
  }

  void Sources(const Value& node, const std::vector<std::string>& key, const std::string& place,
               Value& out) {
    const std::vector<std::string> tables = TextsOf(node.Find("base_tables"));
    if (tables.empty()) return;
    Value sources;
    sources.type = json::Type::kArray;
    Value on = ObjectValue();
    for (const std::string& column : key) on.members.emplace_back(column, TextValue(column));
    for (const std::string& table : tables) {
      Value source = ObjectValue();
      source.members.emplace_back("table", TextValue(TableName(TextOf(node, "schema"), table)));
      source.members.emplace_back("on", on);
      sources.items.push_back(std::move(source));
    }
    out.members.emplace_back("sources", std::move(sources));
    notes_.Add(place + ".sources",
               "how a base table leads to the view's key is not in the file; "
               "\"on\" takes columns of the same name: check it");
  }

  void Mapping(Value& index) {
    if (mapping_.empty()) return;
    Value mapping = ObjectValue();
    for (auto& [path, definition] : mapping_) {
      if (mapping.Find(path) == nullptr) mapping.members.emplace_back(path, definition);
    }
    EscapeVariables(mapping);
    index.members.emplace_back("mapping", std::move(mapping));
  }

  void Rest(const Value& nodes, Value& index) {
    if (const Value* setting = document_.Find("setting"); setting && setting->IsObject()) {
      Value settings = *setting;
      EscapeVariables(settings);
      index.members.emplace_back("settings", std::move(settings));
    }
    const std::string pipeline = TextOf(document_, "pipeline");
    if (!pipeline.empty()) {
      index.members.emplace_back("pipeline", TextValue(Variables(pipeline)));
    }
    const std::string routing = TextOf(document_, "routing");
    if (!routing_.empty()) {
      index.members.emplace_back("routing", TextValue(Variables(routing_)));
    } else if (!routing.empty()) {
      notes_.Add(place_ + ".routing",
                 fmt::format("\"{}\" is left out: documents are routed by a column of {}", routing,
                             TextOf(nodes, "table")));
    }
    if (document_.Find("mappings") != nullptr) {
      notes_.Add(place_, "\"mappings\" is left out: it has no effect in PGSync either");
    }
    for (const std::string& plugin : TextsOf(document_.Find("plugins"))) {
      notes_.Add(place_, fmt::format("plugin \"{}\" is left out: write what it computes as SQL in "
                                     "\"fields\", or as an ingest pipeline",
                                     plugin));
    }
  }

  const Value& document_;
  std::string place_;
  Notes& notes_;
  std::vector<std::string> nested_;
  Members mapping_;
  std::string routing_;
};

/// Returns the name of a document's index.
std::string IndexName(const Value& document, Notes& notes) {
  std::string name = TextOf(document, "index");
  if (name.empty()) name = TextOf(document, "database");
  if (name.empty()) {
    throw Error(Disposition::kReject, std::string("a document of the ") + kSchema +
                                          " has neither \"index\" nor \"database\"");
  }
  const bool variable = name.find('$') != std::string::npos;
  const std::string given = name;
  std::erase_if(name, [](char c) { return c == '$' || c == '{' || c == '}'; });
  if (variable) {
    notes.Add("indexes." + name,
              fmt::format("the name \"{}\" cannot come from the environment: write it out", given));
  }
  return name;
}

}  // namespace

Imported ImportPgsync(std::string_view schema) {
  const Value root = json::Parse(schema);
  Notes notes;
  Value indexes = ObjectValue();
  std::string database;
  if (!root.IsArray() || root.items.empty()) {
    throw Error(Disposition::kReject,
                std::string("not a ") + kSchema + ": it is a list of documents",
                "give the file that PGSync reads with --config");
  }
  for (const Value& document : root.items) {
    if (!document.IsObject()) {
      throw Error(Disposition::kReject, std::string("not a ") + kSchema + ": " +
                                            json::Place(schema, document.begin) +
                                            " is not an object");
    }
    const std::string name = IndexName(document, notes);
    const std::string own = TextOf(document, "database");
    if (database.empty()) database = own;
    if (own != database) {
      notes.Add("indexes." + name,
                fmt::format("left out: it is made from database \"{}\", the others from \"{}\"; "
                            "import it into a file of its own",
                            own, database));
    } else if (indexes.Find(name) != nullptr) {
      notes.Add("indexes." + name, "a second document for the same index is left out: rename it");
    } else {
      indexes.members.emplace_back(name, IndexImport(document, name, notes).Run());
    }
  }
  Value config = ObjectValue();
  Value url = ObjectValue();
  url.members.emplace_back("url", TextValue("${PGSLUICE_DATABASE_URL}"));
  Value urls = ObjectValue();
  urls.members.emplace_back("urls", ListValue({"${PGSLUICE_ELASTICSEARCH_URL}"}));
  config.members.emplace_back("database", std::move(url));
  config.members.emplace_back("elasticsearch", std::move(urls));
  config.members.emplace_back("indexes", std::move(indexes));
  return {
      "// Written by `pgsluice config import-pgsync`. Check it with `pgsluice config check`, and "
      "see\n// documents with `pgsluice preview INDEX`.\n" +
          config::Pretty(config),
      notes.all()};
}

}  // namespace pgsluice::app
