#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/plan/plan.h"

namespace pgsluice::query {

/// The result of looking up a path in a schema.
struct Resolved {
  const plan::Field* field = nullptr;
  std::string path;         ///< Full path, including the part after a json field.
  bool json_value = false;  ///< A value inside a json field: compared as text.
  bool many = false;        ///< Several values per element of the scope.
  std::string nested_path;  ///< Wrap in `nested` with this path; empty: same as the scope.
};

/// The fields of an index that a caller may see: those of its plan minus hidden ones. A hidden path
/// hides everything below it. Immutable.
class Schema {
 public:
  /// The first `configured` entries of `hidden` are hidden from every caller and not part of
  /// `__all`.
  Schema(std::shared_ptr<const plan::Plan> plan, std::vector<std::string> hidden,
         std::size_t configured = 0);

  const plan::Plan& plan() const { return *plan_; }
  const std::vector<std::string>& hidden() const { return hidden_; }
  bool IsHidden(std::string_view path) const;

  /// Returns a visible field by its full path, or null.
  const plan::Field* Find(std::string_view path) const;
  /// Looks up a path of a filter: `path` is relative to `scope` (the object of an enclosing
  /// `path[…]`, or null for the document). If nothing is found, `field` is null.
  Resolved Resolve(std::string_view path, const plan::Field* scope) const;
  /// Returns all visible fields in document order, objects before their parts.
  const std::vector<const plan::Field*>& fields() const { return fields_; }
  /// Returns the paths of visible fields below `scope`, relative to it.
  std::vector<std::string> Paths(const plan::Field* scope) const;
  /// Returns "field 'x' does not exist in …; did you mean 'y'?"
  std::string Unknown(std::string_view path, const plan::Field* scope) const;
  /// Returns whether a text that `q` would search is hidden, so that `__all` must not be used.
  bool HidesText() const { return hides_text_; }

 private:
  void Collect(const std::vector<plan::Field>& fields);

  std::shared_ptr<const plan::Plan> plan_;
  std::vector<std::string> hidden_;
  std::vector<const plan::Field*> fields_;
  std::size_t configured_ = 0;
  bool hides_text_ = false;
};

/// Returns the engine's field with a field's exact value: `title.keyword` for text, else the path.
std::string ExactPath(const Resolved& resolved);
bool IsFilterable(const plan::Field& field);
bool IsSortable(const plan::Field& field);
/// Returns whether documents can be sorted by distance from this field.
bool HasDistance(const plan::Field& field);
bool IsFacetable(const plan::Field& field);
bool IsSearchable(const plan::Field& field);

}  // namespace pgsluice::query
