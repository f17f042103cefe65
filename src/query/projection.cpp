#include "pgsluice/query/projection.h"

#include <algorithm>

#include "pgsluice/json/writer.h"
#include "pgsluice/query/problem.h"
#include "query/json_cursor.h"

namespace pgsluice::query {

using plan::Field;
using plan::Kind;

namespace {

bool Inside(std::string_view path, std::string_view ancestor) {
  return path.size() > ancestor.size() && path.substr(0, ancestor.size()) == ancestor &&
         path[ancestor.size()] == '.';
}

}  // namespace

Projection::Projection(const Schema& schema, const std::vector<std::string>& fields,
                       bool numbers_as_strings)
    : strings_(numbers_as_strings) {
  for (const std::string& path : fields) {
    if (schema.Find(path) == nullptr) {
      Reject("unknown_field", "fields", std::nullopt, schema.Unknown(path, nullptr),
             schema.Paths(nullptr));
    }
  }
  parts_ = Build(schema, schema.plan().fields, fields);
}

std::vector<Projection::Part> Projection::Build(const Schema& schema,
                                                const std::vector<Field>& fields,
                                                const std::vector<std::string>& wanted) const {
  std::vector<Part> parts;
  for (const Field& field : fields) {
    if (schema.IsHidden(field.path)) continue;
    bool all = wanted.empty();
    bool some = false;
    for (const std::string& path : wanted) {
      all = all || path == field.path || Inside(field.path, path);
      some = some || Inside(path, field.path);
    }
    if (!all && !some) continue;
    Part part{json::Quote(field.name), field.bigint, field.kind != Kind::kObject, {}};
    if (!part.whole) part.parts = Build(schema, field.fields, wanted);
    parts.push_back(std::move(part));
  }
  return parts;
}

void Projection::Append(std::string& out, std::string_view document) const {
  JsonCursor cursor(document);
  Append(out, cursor);
}

void Projection::Append(std::string& out, JsonCursor& cursor) const {
  AppendObject(out, cursor, parts_);
}

void Projection::AppendObject(std::string& out, JsonCursor& cursor,
                              const std::vector<Part>& parts) const {
  constexpr std::string_view kRaw = "__raw:";
  if (!cursor.Enter('{')) {
    out += cursor.Skip();
    return;
  }
  out += '{';
  bool first = true;
  std::string_view name;
  while (cursor.NextMember(name)) {
    if (name.substr(0, kRaw.size()) == kRaw) name.remove_prefix(kRaw.size());
    const auto part = std::find_if(parts.begin(), parts.end(), [&](const Part& candidate) {
      return std::string_view(candidate.name).substr(1, candidate.name.size() - 2) == name;
    });
    if (part == parts.end()) {
      cursor.Skip();
      continue;
    }
    if (!first) out += ',';
    first = false;
    out += part->name;
    out += ':';
    AppendValue(out, cursor, *part);
  }
  out += '}';
}

void Projection::AppendValue(std::string& out, JsonCursor& cursor, const Part& part) const {
  const char open = cursor.Peek();
  const bool number = open == '-' || (open >= '0' && open <= '9');
  const bool convert = strings_ && part.bigint;
  if (part.whole && !(convert && (number || open == '['))) {
    out += cursor.Skip();
  } else if (part.whole && number) {
    out += '"';
    out += cursor.Skip();
    out += '"';
  } else if (cursor.Enter('[')) {
    out += '[';
    for (bool first = true; cursor.NextItem(); first = false) {
      if (!first) out += ',';
      AppendValue(out, cursor, part);
    }
    out += ']';
  } else {
    AppendObject(out, cursor, part.parts);
  }
}

}  // namespace pgsluice::query
