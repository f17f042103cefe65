#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgsluice::json {

enum class Type { kNull, kBool, kNumber, kString, kArray, kObject };

/// A JSON value that keeps what other parsers lose: the exact text of numbers, the order of
/// members, and the byte range [begin, end) of the input that it came from. So error messages can
/// name the place, and responses can be assembled from parts of the input. Copyable, movable.
class Value {
 public:
  using Member = std::pair<std::string, Value>;

  Type type = Type::kNull;
  bool boolean = false;
  std::string text;             ///< kString: the decoded string; kNumber: the digits as written.
  std::vector<Value> items;     ///< kArray
  std::vector<Member> members;  ///< kObject, in the order of the input.
  std::size_t begin = 0;        ///< Offset of the first byte in the input.
  std::size_t end = 0;          ///< Offset after the last byte.

  // Defined in value.cpp, because clang 14 needs Member to be complete for inline ones.
  Value();
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  bool IsNull() const { return type == Type::kNull; }
  bool IsBool() const { return type == Type::kBool; }
  bool IsNumber() const { return type == Type::kNumber; }
  bool IsString() const { return type == Type::kString; }
  bool IsArray() const { return type == Type::kArray; }
  bool IsObject() const { return type == Type::kObject; }

  /// Returns the member with this name; null if it is absent or if this is not an object.
  const Value* Find(std::string_view name) const;
  /// Returns the value at a path of member names, or null.
  const Value* Find(std::initializer_list<std::string_view> path) const;
  /// Returns the integer if this is a number without a fraction that fits; otherwise nullopt.
  std::optional<std::int64_t> AsInt() const;
  /// Returns the nearest double if this is a number; otherwise nullopt.
  std::optional<double> AsDouble() const;
};

struct ParseOptions {
  bool comments = false;         ///< Allow // and /* */ comments.
  bool trailing_commas = false;  ///< Allow a comma before ] and }.
  int max_depth = 64;            ///< Deeper input is an error.
  /// More values are an error, because each takes up to a hundred times the memory of its text
  /// ("[],").
  std::size_t max_values = 1'000'000;
};

/// Parses one JSON document. Throws Error(kReject) with line and column. Duplicate member names are
/// an error, because readers disagree about which one counts.
Value Parse(std::string_view input, const ParseOptions& options = {});

/// Returns "line 3, column 14" for a byte offset, counted from 1.
std::string Place(std::string_view input, std::size_t offset);

}  // namespace pgsluice::json
