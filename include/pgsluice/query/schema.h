#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/document/plan.h"

namespace pgsluice::query {

/// A path looked up in a schema.
struct Resolved {
  const document::Field* field = nullptr;
  std::string path;         ///< Full path; with the rest behind a json field.
  bool json_value = false;  ///< A value inside a json field: compared as text.
  bool many = false;        ///< Several values as seen from the scope.
  std::string nested_path;  ///< Wrap in `nested` of this path; empty: same as the scope.
};

/// Which fields of an index a caller knows: those of its plan minus hidden ones. A hidden path
/// hides everything below it. Immutable.
class Schema {
 public:
  /// The first `configured` of `hidden` are hidden from everybody and not part of `__all`.
  Schema(std::shared_ptr<const document::Plan> plan, std::vector<std::string> hidden,
         std::size_t configured = 0);

  const document::Plan& plan() const { return *plan_; }
  const std::vector<std::string>& hidden() const { return hidden_; }
  bool IsHidden(std::string_view path) const;

  /// A visible field by full path, or null.
  const document::Field* Find(std::string_view path) const;
  /// As a filter sees it: `path` relative to `scope` (the object of an enclosing `path[…]`, or null
  /// for the document). Nothing found: `field` is null.
  Resolved Resolve(std::string_view path, const document::Field* scope) const;
  /// All visible fields in document order, objects before their parts.
  const std::vector<const document::Field*>& fields() const { return fields_; }
  /// Paths of visible fields below `scope`, relative to it.
  std::vector<std::string> Paths(const document::Field* scope) const;
  /// "Field 'x' does not exist. Did you mean 'y'?"
  std::string Unknown(std::string_view path, const document::Field* scope) const;
  /// Whether some text that `q` would search is hidden, so that `__all` must not be used.
  bool HidesText() const { return hides_text_; }

 private:
  void Collect(const std::vector<document::Field>& fields);

  std::shared_ptr<const document::Plan> plan_;
  std::vector<std::string> hidden_;
  std::vector<const document::Field*> fields_;
  std::size_t configured_ = 0;
  bool hides_text_ = false;
};

/// Where a field's exact value lives in the engine: `title.keyword` for text, else the path.
std::string ExactPath(const Resolved& resolved);
bool IsFilterable(const document::Field& field);
bool IsSortable(const document::Field& field);
/// Whether documents can be sorted by the distance of this.
bool HasDistance(const document::Field& field);
bool IsFacetable(const document::Field& field);
bool IsSearchable(const document::Field& field);

}  // namespace pgsluice::query
