#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/json/value.h"

namespace pgsluice::app {

/// The list of remarks for the user, each with its place in the new configuration.
class Notes {
 public:
  void Add(const std::string& place, const std::string& text);
  const std::vector<std::string>& all() const { return all_; }

 private:
  std::vector<std::string> all_;
};

/// Translates `columns` and `transform` of one PGSync node to plain columns, renamed ones and
/// computed fields. PGSync applies `replace`, then `rename`, then `concat`.
class PgsyncColumns {
 public:
  /// `alias` is the table's name in the SQL of computed fields: "root" or "child".
  PgsyncColumns(const json::Value& node, std::string place, std::string alias, Notes& notes);

  /// Adds columns, exclude, rename and fields to an index or an embed.
  void Write(json::Value& out) const;
  /// Appends `path` and definition of each entry of transform.mapping; `prefix` ends with a dot.
  void Mapping(const std::string& prefix, std::vector<json::Value::Member>& mapping) const;
  /// Returns the name that transform.rename gives to a child's label, or the label.
  std::string LabelOf(const std::string& label) const;
  /// Returns the column behind a field of the document, or "" if there is none.
  std::string ColumnOf(const std::string& field) const;
  /// Returns the one column of a node with variant "scalar". Adds a note and returns "" if there is
  /// none.
  std::string Scalar() const;

 private:
  struct Field {
    std::string name;    ///< In the document.
    std::string column;  ///< The table's column that it is read from.
    std::string sql;     ///< Computed value; empty: the unchanged column.
    std::string text;    ///< SQL of its text, for replace and concat.
    std::string type;    ///< Type of a computed value; empty: not known.
  };

  void ReadColumn(const std::string& column);
  void Replace(const std::string& name, const json::Value& words);
  void Rename(const std::string& name, const std::string& to);
  void Concat(const json::Value& rule);
  std::string Part(const std::string& name);
  void ApplyTypes();
  Field* Find(const std::string& name);
  const Field* Find(const std::string& name) const;
  std::string Reference(const std::string& column) const;

  const json::Value& node_;
  std::string place_, alias_;
  Notes& notes_;
  bool all_ = false;  ///< No columns are listed: the document has all.
  std::vector<Field> fields_;
  std::vector<std::pair<std::string, std::string>> labels_;  ///< Renamed names of children.
};

// Small pieces of JSON.
json::Value TextValue(std::string text);
json::Value ListValue(const std::vector<std::string>& texts);
json::Value ObjectValue();
json::Value BoolValue(bool value);
/// Returns the text of member `name`, or "" if it is missing or not a text.
std::string TextOf(const json::Value& object, std::string_view name);
/// Returns the texts of a list, or one text as a list.
std::vector<std::string> TextsOf(const json::Value* value);

}  // namespace pgsluice::app
