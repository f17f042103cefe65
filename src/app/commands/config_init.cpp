#include "app/commands/config_init.h"

#include <algorithm>
#include <regex>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "pgsluice/document/engine_path.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::app {

namespace {

using catalog::Catalog;
using catalog::ForeignKey;
using catalog::Table;
using json::Quote;

/// A string in which "${NAME}" is not a variable.
std::string Value(const std::string& text) {
  static const std::regex kVariable(R"(\$\{[A-Za-z_][A-Za-z0-9_]*\})");
  return Quote(std::regex_replace(text, kVariable, "$$$&"));
}

/// `{"a": "b"}` of two lists of columns.
std::string On(const std::vector<std::string>& from, const std::vector<std::string>& to) {
  std::string out = "{";
  for (std::size_t i = 0; i < from.size(); ++i) {
    out += (i > 0 ? ", " : "") + Quote(from[i]) + ": " + Value(to[i]);
  }
  return out + '}';
}

class Writer {
 public:
  Writer(const Catalog& catalog, const document::PresentIndexes& present)
      : catalog_(catalog), present_(present) {}

  std::string Text() {
    std::string indexes;
    std::vector<const Table*> tables;
    for (const Table& table : catalog_.tables()) {
      if (Wanted(table)) tables.push_back(&table);
    }
    const std::vector<std::string> names = document::IndexNames(tables, present_);
    for (std::size_t i = 0; i < tables.size(); ++i) {
      if (IsLink(*tables[i])) continue;
      indexes += (indexes.empty() ? "" : ",\n") + Index(names[i], *tables[i]);
    }
    return "// Written by `pgsluice config init`. Other options: `pgsluice config schema` and the "
           "README.\n{\n"
           "  \"database\": {\"url\": \"${PGSLUICE_DATABASE_URL}\"},\n"
           "  \"elasticsearch\": {\"urls\": [\"${PGSLUICE_ELASTICSEARCH_URL}\"]},\n"
           "  \"indexes\": {\n" +
           indexes + "\n  }\n}\n";
  }

 private:
  static bool Wanted(const Table& table) {
    return table.schema == "public" && !table.is_partition &&
           (table.kind == 'r' || table.kind == 'p');
  }

  std::vector<const ForeignKey*> KeysOf(const Table& table) const {
    std::vector<const ForeignKey*> keys;
    for (const ForeignKey& key : catalog_.foreign_keys()) {
      if (key.table == table.oid) keys.push_back(&key);
    }
    return keys;
  }

  /// Two foreign keys and hardly anything else: it only joins two tables.
  bool IsLink(const Table& table) const {
    const auto keys = KeysOf(table);
    if (keys.size() != 2 || keys[0]->target == keys[1]->target) return false;
    return table.columns.size() <= keys[0]->columns.size() + keys[1]->columns.size() + 2;
  }

  std::string Index(const std::string& name, const Table& table) {
    taken_.clear();
    for (const catalog::Column& column : table.columns) taken_.insert(column.name);
    std::string out =
        "    " + Quote(name) + ": {\n      \"table\": " + Value(table.QualifiedName());
    const std::string embeds = Embeds(table);
    if (!embeds.empty()) out += ",\n      \"embed\": {\n" + embeds + "      }";
    return out + "\n    }";
  }

  std::string Embeds(const Table& table) {
    std::string out;
    for (const ForeignKey* key : KeysOf(table)) {
      const Table* target = catalog_.Find(key->target);
      if (target == nullptr) continue;
      out += Line("", ToOneName(*key, *target), *target, "", On(key->columns, key->target_columns));
    }
    std::string children;
    for (const ForeignKey& key : catalog_.foreign_keys()) {
      const Table* from = catalog_.Find(key.table);
      if (key.target != table.oid || from == nullptr || from->is_partition) continue;
      if (IsLink(*from)) {
        out += ThroughLink(*from, key);
      } else {
        children += Line("// ", Free(from->name), *from, "", On(key.target_columns, key.columns));
      }
    }
    return out + children;
  }

  std::string ThroughLink(const Table& link, const ForeignKey& here) {
    for (const ForeignKey* there : KeysOf(link)) {
      const Table* target = catalog_.Find(there->target);
      if (there->name == here.name || target == nullptr) continue;
      const std::string through = "\"through\": [{\"table\": " + Value(link.QualifiedName()) +
                                  ", \"on\": " + On(here.target_columns, here.columns) + "}], ";
      return Line("", Free(target->name), *target, through,
                  On(there->columns, there->target_columns));
    }
    return {};
  }

  static std::string Line(const std::string& before, const std::string& name, const Table& table,
                          const std::string& through, const std::string& on) {
    return "        " + before + Quote(name) + ": {\"table\": " + Value(table.QualifiedName()) +
           ", " + through + "\"on\": " + on + "},\n";
  }

  /// owner_id leads to "owner".
  std::string ToOneName(const ForeignKey& key, const Table& target) {
    const std::string& column = key.columns.front();
    if (key.columns.size() == 1 && column.size() > 3 && column.ends_with("_id")) {
      return Free(column.substr(0, column.size() - 3));
    }
    return Free(target.name);
  }

  /// A field name that no column and no other embed has.
  std::string Free(std::string name) {
    name = document::FieldNameOf(name, true, true);
    while (!taken_.insert(name).second) name += '_';
    return name;
  }

  const Catalog& catalog_;
  const document::PresentIndexes& present_;
  std::set<std::string> taken_;
};

}  // namespace

std::string InitialConfig(const Catalog& catalog, const document::PresentIndexes& present) {
  return Writer(catalog, present).Text();
}

}  // namespace pgsluice::app
