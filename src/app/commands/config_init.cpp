#include "app/commands/config_init.h"

#include <algorithm>
#include <cctype>
#include <regex>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "pgsluice/json/writer.h"
#include "pgsluice/plan/engine_path.h"

namespace pgsluice::app {

namespace {

using catalog::Catalog;
using catalog::ForeignKey;
using catalog::Table;
using json::Quote;

/// Returns a string in which "${NAME}" is not a variable.
std::string Value(const std::string& text) {
  static const std::regex kVariable(R"(\$\{[A-Za-z_][A-Za-z0-9_]*\})");
  return Quote(std::regex_replace(text, kVariable, "$$$&"));
}

/// Returns `{"a": "b"}` from two lists of columns.
std::string On(const std::vector<std::string>& from, const std::vector<std::string>& to) {
  std::string out = "{";
  for (std::size_t i = 0; i < from.size(); ++i) {
    out += (i > 0 ? ", " : "") + Quote(from[i]) + ": " + Value(to[i]);
  }
  return out + '}';
}

std::string List(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const std::string& name : names) out += (out.size() > 1 ? ", " : "") + Value(name);
  return out + ']';
}

std::vector<std::string> Names(const Table& table) {
  std::vector<std::string> names;
  for (const catalog::Column& column : table.columns) names.push_back(column.name);
  return names;
}

/// Returns columns that should not be found by accident, judged by their names.
std::vector<std::string> Secrets(const Table& table) {
  static const std::regex kSecret(
      "(^|.*_)(password|passwd|pwd|passphrase|secret|token|salt|otp|pin|cvv|cvc|ssn|iban|"
      "credentials?"
      "|api_?key|private_?key|card_?number)(_.*|s|$)|(.*_)?(encrypted|hashed)_.*",
      std::regex::icase);
  std::vector<std::string> secrets;
  for (const std::string& name : Names(table)) {
    if (std::regex_match(name, kSecret)) secrets.push_back(name);
  }
  if (secrets.size() == table.columns.size())
    secrets.clear();  // An index needs at least one column.
  return secrets;
}

class Writer {
 public:
  Writer(const Catalog& catalog, const plan::PresentIndexes& present, std::string database)
      : catalog_(catalog), present_(present), database_(std::move(database)) {}

  /// Returns the members of "indexes".
  std::string Indexes() {
    std::string indexes;
    std::vector<const Table*> tables;
    for (const Table& table : catalog_.tables()) {
      if (Wanted(table)) tables.push_back(&table);
    }
    const std::vector<std::string> names = plan::IndexNames(tables, present_);
    for (std::size_t i = 0; i < tables.size(); ++i) {
      if (IsLink(*tables[i])) continue;
      const std::string name = plan::NameBefore(database_) + names[i];
      indexes += (indexes.empty() ? "" : ",\n") + Index(name, *tables[i]);
    }
    return indexes;
  }

 private:
  /// Returns whether the table is in schema public, or in any schema if public has no table.
  bool Wanted(const Table& table) const {
    static const auto is_public = [](const Table& t) {
      return t.schema == "public" && t.IsOrdinary();
    };
    const auto& all = catalog_.tables();
    const bool any = std::any_of(all.begin(), all.end(), is_public);
    return (any ? is_public(table) : table.IsOrdinary()) && !table.columns.empty() &&
           table.can_select;
  }

  std::vector<const ForeignKey*> KeysOf(const Table& table) const {
    std::vector<const ForeignKey*> keys;
    for (const ForeignKey& key : catalog_.foreign_keys()) {
      if (key.table == table.oid) keys.push_back(&key);
    }
    return keys;
  }

  /// Returns whether the table has two foreign keys and hardly anything else, so that it only joins
  /// two tables.
  bool IsLink(const Table& table) const {
    const auto keys = KeysOf(table);
    if (keys.size() != 2 || keys[0]->target == keys[1]->target) return false;
    return table.columns.size() <= keys[0]->columns.size() + keys[1]->columns.size() + 2;
  }

  std::string Index(const std::string& name, const Table& table) {
    taken_.clear();
    for (const catalog::Column& column : table.columns) taken_.insert(column.name);
    std::string out = "    " + Quote(name) + ": {\n      // \"columns\": " + List(Names(table)) +
                      ",\n" +
                      (database_.empty() ? "" : "      \"database\": " + Value(database_) + ",\n") +
                      "      \"table\": " + Value(table.QualifiedName());
    const std::vector<std::string> secrets = Secrets(table);
    if (!secrets.empty()) {
      out += ",\n      // These look secret. Delete the line to index them.\n      \"exclude\": " +
             List(secrets);
    }
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

  /// Returns whether this side's key is the link's first column; the other side becomes a comment.
  bool IsFirstSide(const Table& link, const ForeignKey& here) const {
    const auto place = [&](const ForeignKey& key) {
      const auto& columns = link.columns;
      return std::find_if(columns.begin(), columns.end(),
                          [&](const catalog::Column& column) {
                            return column.name == key.columns.front();
                          }) -
             columns.begin();
    };
    for (const ForeignKey* key : KeysOf(link)) {
      if (place(*key) < place(here)) return false;
    }
    return true;
  }

  std::string ThroughLink(const Table& link, const ForeignKey& here) {
    for (const ForeignKey* there : KeysOf(link)) {
      const Table* target = catalog_.Find(there->target);
      if (there->name == here.name || target == nullptr) continue;
      const std::string through = "\"through\": [{\"table\": " + Value(link.QualifiedName()) +
                                  ", \"on\": " + On(here.target_columns, here.columns) + "}], ";
      return Line(IsFirstSide(link, here) ? "" : "// ", Free(target->name), *target, through,
                  On(there->columns, there->target_columns));
    }
    return {};
  }

  static std::string Line(const std::string& before, const std::string& name, const Table& table,
                          const std::string& through, const std::string& on) {
    const std::vector<std::string> secrets = Secrets(table);
    const std::string exclude = secrets.empty() ? "" : ", \"exclude\": " + List(secrets);
    return "        " + before + Quote(name) + ": {\"table\": " + Value(table.QualifiedName()) +
           ", " + through + "\"on\": " + on + exclude + "},\n";
  }

  /// Returns "owner" for owner_id.
  std::string ToOneName(const ForeignKey& key, const Table& target) {
    const std::string& column = key.columns.front();
    if (key.columns.size() == 1 && column.size() > 3 && column.ends_with("_id")) {
      return Free(column.substr(0, column.size() - 3));
    }
    return Free(target.name);
  }

  /// Returns a field name that no column and no other embed has.
  std::string Free(std::string name) {
    name = plan::FieldNameOf(name, true, true);
    while (!taken_.insert(name).second) name += '_';
    return name;
  }

  const Catalog& catalog_;
  const plan::PresentIndexes& present_;
  const std::string database_;
  std::set<std::string> taken_;
};

std::string File(const std::string& databases, const std::string& indexes) {
  return "// Written by `pgsluice config init`. Other options: `pgsluice config schema` and the "
         "README.\n{\n"
         "  " +
         databases +
         ",\n"
         "  \"elasticsearch\": {\"urls\": [\"${PGSLUICE_ELASTICSEARCH_URL}\"]},\n"
         "  \"indexes\": {\n" +
         indexes + "\n  }\n}\n";
}

/// Returns "${SHOP_DATABASE_URL}".
std::string UrlOf(const std::string& database) {
  std::string variable;
  for (const char c : database) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    variable += plain ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : '_';
  }
  const bool digit = std::isdigit(static_cast<unsigned char>(variable.front())) != 0;
  return "${" + std::string(digit ? "_" : "") + variable + "_DATABASE_URL}";
}

}  // namespace

std::string InitialConfig(const Catalog& catalog, const plan::PresentIndexes& present) {
  return File(R"("database": {"url": "${PGSLUICE_DATABASE_URL}"})",
              Writer(catalog, present, "").Indexes());
}

std::string InitialConfig(const std::vector<config::Config>& databases, bool all) {
  std::string urls, indexes;
  for (const config::Config& one : databases) {
    const std::string& name = one.database.name;
    pg::Session session({.url = one.database.url});
    const Catalog catalog = Catalog::Load(session);
    const std::string own = Writer(catalog, plan::ReadPresentIndexes(session), name).Indexes();
    if (!own.empty()) indexes += (indexes.empty() ? "" : ",\n") + own;
    urls += (urls.empty() ? "" : ", ") + Quote(name) + ": {\"url\": " + Quote(UrlOf(name)) + "}";
  }
  return File(all ? R"("database": {"url": "${PGSLUICE_DATABASE_URL}", "all": true})"
                  : "\"databases\": {" + urls + "}",
              indexes);
}

}  // namespace pgsluice::app
