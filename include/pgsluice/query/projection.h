#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/query/schema.h"

namespace pgsluice::query {

class JsonCursor;

/// What of a stored document reaches a caller. Copies text, so that every digit stays.
class Projection {
 public:
  /// `fields` empty: all visible ones. Throws Problem unknown_field.
  Projection(const Schema& schema, const std::vector<std::string>& fields, bool numbers_as_strings);

  /// Appends the visible part of a document's JSON text.
  void Append(std::string& out, std::string_view document) const;
  /// Of the document that begins at the cursor, and steps over it.
  void Append(std::string& out, JsonCursor& cursor) const;

 private:
  struct Part {
    std::string name;  ///< As it stands in JSON, with quotes.
    bool bigint;
    bool whole;  ///< Copied as it is.
    std::vector<Part> parts;
  };
  std::vector<Part> Build(const Schema& schema, const std::vector<plan::Field>& fields,
                          const std::vector<std::string>& wanted) const;
  void AppendObject(std::string& out, JsonCursor& cursor, const std::vector<Part>& parts) const;
  void AppendValue(std::string& out, JsonCursor& cursor, const Part& part) const;

  bool strings_;
  std::vector<Part> parts_;
};

}  // namespace pgsluice::query
