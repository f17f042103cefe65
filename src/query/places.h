#pragma once

#include <string>
#include <vector>

#include "pgsluice/query/search_body.h"

namespace pgsluice::query {

/// Fields that are looked in together: of one nested path, with one analyzer.
struct Place {
  std::string nested_path;
  std::string analyzer;      ///< Of queries; empty: our own.
  bool identifiers = false;  ///< Only `parts` and `joined` are filled.

  std::vector<std::string> own;      ///< "title^3": as their analyzer has it.
  std::vector<std::string> plain;    ///< The words as written; `own` again with our own analyzer.
  std::vector<std::string> ordered;  ///< Of `plain`, those that know the places of their words.
  std::vector<std::string> parts;    ///< Of identifiers.
  std::vector<std::string> joined;   ///< Of identifiers.

  /// Own and plain, each once.
  std::vector<std::string> All() const;
  std::size_t size() const { return plain.size() + parts.size(); }
};

/// Where `q` looks: what decides what is found, and what decides the order. The first is the second
/// or, if every text is searched, a copy of all texts in one field.
struct Places {
  std::vector<Place> recall, ranking;
};
Places PlacesOf(const Schema& schema, const SearchRequest& request, const config::Search& search);

}  // namespace pgsluice::query
