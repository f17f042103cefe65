#include "app/import/pgsync_columns.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>

namespace pgsluice::app {

namespace {

using json::Value;

std::string Literal(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + '\'';
}

bool IsPlainName(const std::string& name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// One operator of a path into jsonb, with its operand.
struct Step {
  std::string operation;  ///< "->", "->>", "#>" or "#>>".
  std::string key;
};

/// Splits "doc->a#>>{b,c}" into its column and its steps.
std::pair<std::string, std::vector<Step>> SplitPath(const std::string& text) {
  std::string column;
  std::vector<Step> steps;
  for (std::size_t at = 0; at < text.size();) {
    const bool arrow = (text[at] == '-' || text[at] == '#') && text.compare(at + 1, 1, ">") == 0;
    if (arrow) {
      const std::size_t length = text.compare(at + 2, 1, ">") == 0 ? 3 : 2;
      steps.push_back({text.substr(at, length), ""});
      at += length;
    } else {
      (steps.empty() ? column : steps.back().key) += text[at++];
    }
  }
  return {column, steps};
}

std::string Without(std::string text, std::string_view unwanted) {
  std::erase_if(text, [&](char c) { return unwanted.find(c) != std::string_view::npos; });
  return text;
}

bool IsIndex(const std::string& key) {
  return !key.empty() && key.find_first_not_of("0123456789") == std::string::npos;
}

/// Returns the steps as SQL; `as_text`: the last one returns text.
std::string PathSql(const std::vector<Step>& steps, bool as_text) {
  std::string sql;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    std::string operation = steps[i].operation;
    const bool last = i + 1 == steps.size();
    if (last && as_text && operation.size() == 2) operation += '>';
    const std::string key = Without(steps[i].key, "'\" ");
    sql += ' ' + operation + ' ' + (operation[0] == '-' && IsIndex(key) ? key : Literal(key));
  }
  return sql;
}

Value Made(json::Type type) {
  Value value;
  value.type = type;
  return value;
}

}  // namespace

Value TextValue(std::string text) {
  Value value = Made(json::Type::kString);
  value.text = std::move(text);
  return value;
}

Value ListValue(const std::vector<std::string>& texts) {
  Value value = Made(json::Type::kArray);
  for (const std::string& text : texts) value.items.push_back(TextValue(text));
  return value;
}

Value ObjectValue() { return Made(json::Type::kObject); }

Value BoolValue(bool boolean) {
  Value value = Made(json::Type::kBool);
  value.boolean = boolean;
  return value;
}

std::string TextOf(const Value& object, std::string_view name) {
  const Value* value = object.Find(name);
  return value != nullptr && value->IsString() ? value->text : "";
}

std::vector<std::string> TextsOf(const Value* value) {
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  if (value->IsString()) texts.push_back(value->text);
  for (const Value& item : value->items) {
    if (item.IsString()) texts.push_back(item.text);
  }
  return texts;
}

void Notes::Add(const std::string& place, const std::string& text) {
  all_.push_back(place + ": " + text);
}

PgsyncColumns::PgsyncColumns(const Value& node, std::string place, std::string alias, Notes& notes)
    : node_(node), place_(std::move(place)), alias_(std::move(alias)), notes_(notes) {
  for (const std::string& column : TextsOf(node.Find("columns"))) ReadColumn(column);
  all_ = fields_.empty();
  const auto each = [&](const char* name, const auto& apply) {
    const Value* rules = node.Find({"transform", name});
    if (rules == nullptr) return;
    for (const auto& [key, value] : rules->members) apply(key, value);
  };
  each("replace", [&](const std::string& key, const Value& words) { Replace(key, words); });
  each("rename", [&](const std::string& key, const Value& to) {
    if (to.IsString()) Rename(key, to.text);
  });
  if (const Value* rules = node.Find({"transform", "concat"})) {
    if (rules->IsObject()) Concat(*rules);
    for (const Value& rule : rules->items) Concat(rule);
  }
  if (node.Find({"transform", "move"}) != nullptr) {
    notes_.Add(place_, "transform.move is left out: it has no effect in PGSync either");
  }
  ApplyTypes();
}

void PgsyncColumns::ReadColumn(const std::string& column) {
  const auto [base, steps] = SplitPath(column);
  if (steps.empty()) {
    fields_.push_back({column, column, "", Reference(column) + "::text", ""});
    return;
  }
  const std::string base_column = Without(base, " ");
  std::string name = base_column;
  for (const Step& step : steps) name += '_' + Without(step.key, "{}'\" ");
  const std::string from = Reference(base_column);
  const bool text = steps.back().operation.size() == 3;
  fields_.push_back({name, base_column, from + PathSql(steps, false), from + PathSql(steps, true),
                     text ? "text" : ""});
}

void PgsyncColumns::Replace(const std::string& name, const Value& words) {
  if (!words.IsObject()) return;
  Field* field = Find(name);
  if (field == nullptr && all_) {
    fields_.push_back({name, name, "", Reference(name) + "::text", ""});
    field = &fields_.back();
  }
  if (field == nullptr) {
    notes_.Add(place_, fmt::format("transform.replace of \"{}\" is left out: no such column is "
                                   "selected",
                                   name));
    return;
  }
  // Without a cast, so that a column that is not text causes an error instead of becoming text.
  const std::string plain = Reference(field->column);
  std::string sql = field->sql.empty() ? plain : field->text;
  for (const auto& [from, to] : words.members) {
    if (to.IsString() && !from.empty()) {
      sql = fmt::format("replace({}, {}, {})", sql, Literal(from), Literal(to.text));
    }
  }
  field->sql = field->text = sql;
  field->type = "text";
}

void PgsyncColumns::Rename(const std::string& name, const std::string& to) {
  if (Field* field = Find(name)) {
    field->name = to;
  } else if (const Value* children = node_.Find("children");
             children != nullptr &&
             std::any_of(children->items.begin(), children->items.end(), [&](const Value& child) {
               const std::string label = TextOf(child, "label");
               return (label.empty() ? TextOf(child, "table") : label) == name;
             })) {
    labels_.emplace_back(name, to);
  } else if (all_) {
    fields_.push_back({to, name, "", Reference(name) + "::text", ""});
  } else {
    notes_.Add(place_, fmt::format("transform.rename of \"{}\" is left out: no such column is "
                                   "selected",
                                   name));
  }
}

void PgsyncColumns::Concat(const Value& rule) {
  const std::string destination = TextOf(rule, "destination");
  const std::vector<std::string> names = TextsOf(rule.Find("columns"));
  if (destination.empty() || names.empty()) return;
  std::string sql = "concat_ws(" + Literal(TextOf(rule, "delimiter"));
  for (const std::string& name : names) sql += ", " + Part(name);
  sql += ')';
  Field* field = Find(destination);
  if (field == nullptr) {
    fields_.emplace_back();
    field = &fields_.back();
    field->name = destination;
  }
  field->sql = field->text = sql;
  field->type = "text";
}

/// Returns a part of a concat. PGSync skips empty parts, and uses a name that is not a field as
/// literal text.
std::string PgsyncColumns::Part(const std::string& name) {
  if (const Field* field = Find(name)) return "nullif(" + field->text + ", '')";
  if (!all_) return Literal(name);
  notes_.Add(place_ + ".fields",
             fmt::format("transform.concat: \"{}\" is read as a column; write {} if it is a "
                         "text of its own",
                         name, Literal(name)));
  return "nullif(" + Reference(name) + "::text, '')";
}

void PgsyncColumns::ApplyTypes() {
  for (Field& field : fields_) {
    if (field.sql.empty()) continue;
    if (const Value* mapping = node_.Find({"transform", "mapping"})) {
      const Value* own = mapping->Find(field.name);
      const std::string type = own == nullptr ? "" : TextOf(*own, "type");
      if (!type.empty()) field.type = type;
    }
    if (!field.type.empty()) continue;
    field.type = "flattened";
    notes_.Add(place_ + ".fields." + field.name,
               "the type of the value is not in the file; \"flattened\" finds what is in objects, "
               "for other values write \"keyword\", \"text\", \"long\" or whatever it is");
  }
}

void PgsyncColumns::Write(Value& out) const {
  std::vector<std::string> columns, computed;
  Value rename = ObjectValue();
  Value fields = ObjectValue();
  for (const Field& field : fields_) {
    if (field.sql.empty()) {
      columns.push_back(field.column);
      if (field.name != field.column) {
        rename.members.emplace_back(field.column, TextValue(field.name));
      }
      continue;
    }
    if (!field.column.empty()) computed.push_back(field.column);
    Value made = ObjectValue();
    made.members.emplace_back("sql", TextValue(field.sql));
    made.members.emplace_back("type", TextValue(field.type));
    fields.members.emplace_back(field.name, std::move(made));
  }
  if (!all_) out.members.emplace_back("columns", ListValue(columns));
  if (all_ && !computed.empty()) out.members.emplace_back("exclude", ListValue(computed));
  if (!rename.members.empty()) out.members.emplace_back("rename", std::move(rename));
  if (!fields.members.empty()) out.members.emplace_back("fields", std::move(fields));
}

void PgsyncColumns::Mapping(const std::string& prefix, std::vector<Value::Member>& mapping) const {
  const Value* rules = node_.Find({"transform", "mapping"});
  if (rules == nullptr) return;
  for (const auto& [key, definition] : rules->members) {
    const Field* field = Find(key);
    if (field == nullptr && !all_) {
      notes_.Add(place_, fmt::format("transform.mapping of \"{}\" is left out: no column, path or "
                                     "concat of the file makes this field",
                                     key));
      continue;
    }
    const bool only_type = definition.members.size() == 1 && definition.Find("type") != nullptr;
    if (field != nullptr && !field->sql.empty() && only_type) continue;
    mapping.emplace_back(prefix + key, definition);
  }
}

std::string PgsyncColumns::LabelOf(const std::string& label) const {
  for (const auto& [from, to] : labels_) {
    if (from == label) return to;
  }
  return label;
}

std::string PgsyncColumns::ColumnOf(const std::string& field) const {
  const Field* found = Find(field);
  if (found == nullptr) return all_ ? field : "";
  if (!found->sql.empty() && !found->column.empty()) {
    notes_.Add(place_ + ".routing",
               fmt::format("documents are routed by column \"{}\" as it is", found->column));
  }
  return found->column;
}

std::string PgsyncColumns::Scalar() const {
  if (all_) {
    notes_.Add(place_, "variant \"scalar\" without a column: write \"value\": \"COLUMN\"");
    return "";
  }
  const Field& first = fields_.front();
  if (!first.sql.empty()) {
    notes_.Add(place_, fmt::format("the values are those of column \"{}\" as they are: a path or "
                                   "transform.replace does not go together with single values",
                                   first.column));
  }
  if (fields_.size() > 1) {
    notes_.Add(place_,
               fmt::format("only the first column, \"{}\", is used, as in PGSync", first.column));
  }
  return first.column;
}

PgsyncColumns::Field* PgsyncColumns::Find(const std::string& name) {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const Field& field) { return field.name == name; });
  return found == fields_.end() ? nullptr : &*found;
}

const PgsyncColumns::Field* PgsyncColumns::Find(const std::string& name) const {
  return const_cast<PgsyncColumns*>(this)->Find(name);
}

std::string PgsyncColumns::Reference(const std::string& column) const {
  if (IsPlainName(column)) return alias_ + '.' + column;
  std::string quoted = "\"";
  for (const char c : column) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return alias_ + '.' + quoted + '"';
}

}  // namespace pgsluice::app
