#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/query/schema.h"

namespace pgsluice::query {

class JsonCursor;

/// Selects the parts of a stored document that a caller receives. Copies text, so that every digit
/// is kept.
class Projection {
 public:
  /// `fields` empty: all visible ones. Throws Problem unknown_field.
  Projection(const Schema& schema, const std::vector<std::string>& fields, bool numbers_as_strings);

  /// Appends the visible part of a document's JSON text.
  void Append(std::string& out, std::string_view document) const;
  /// Appends the visible part of the document at the cursor, and advances the cursor behind it.
  void Append(std::string& out, JsonCursor& cursor) const;

 private:
  struct Part {
    std::string name;  ///< As written in JSON, with quotes.
    bool bigint;
    bool whole;  ///< Copied without change.
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
