#pragma once

#include <string>
#include <vector>

#include "pgsluice/query/search_body.h"

namespace pgsluice::query {

/// Fields that are searched together: those of one nested path with one analyzer.
struct Place {
  std::string nested_path;
  std::string analyzer;      ///< For queries; empty: our own.
  bool identifiers = false;  ///< Only `parts` and `joined` are filled.

  std::vector<std::string> own;      ///< "title^3": in the form of their analyzer.
  std::vector<std::string> plain;    ///< The words as written; equal to `own` with our analyzer.
  std::vector<std::string> ordered;  ///< Those of `plain` that store the positions of their words.
  std::vector<std::string> parts;    ///< Of identifiers.
  std::vector<std::string> joined;   ///< Of identifiers.

  /// Returns own and plain fields, each once.
  std::vector<std::string> All() const;
  std::size_t size() const { return plain.size() + parts.size(); }
};

/// Where `q` searches: fields that decide what is found, and fields that decide the order. The
/// first are the same as the second or, if every text is searched, one field with a copy of all
/// texts.
struct Places {
  std::vector<Place> recall, ranking;
};
Places PlacesOf(const Schema& schema, const SearchRequest& request, const config::Search& search);

}  // namespace pgsluice::query
