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
/// members, and the byte range [begin, end) of the input it came from, so that messages can name
/// the place and answers can be spliced without building them again. Copyable, movable.
class Value {
 public:
  using Member = std::pair<std::string, Value>;

  Type type = Type::kNull;
  bool boolean = false;
  std::string text;             ///< kString: the decoded string; kNumber: the digits as written.
  std::vector<Value> items;     ///< kArray
  std::vector<Member> members;  ///< kObject, in the order of the input.
  std::size_t begin = 0;        ///< Offset of the first byte in the input.
  std::size_t end = 0;          ///< Offset behind the last byte.

  // Defined in value.cpp: clang 14 wants Member complete for the inline ones.
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

  /// The member of that name, or null if it is absent or if this is not an object.
  const Value* Find(std::string_view name) const;
  /// The value behind a path of member names, or null.
  const Value* Find(std::initializer_list<std::string_view> path) const;
  /// The integer, when this is a number without fraction that fits; else nothing.
  std::optional<std::int64_t> AsInt() const;
  /// The nearest double, when this is a number; else nothing.
  std::optional<double> AsDouble() const;
};

struct ParseOptions {
  bool comments = false;         ///< Allow // and /* */ comments.
  bool trailing_commas = false;  ///< Allow a comma before ] and }.
  int max_depth = 64;            ///< Deeper input is an error.
  /// More values are an error: one takes a hundred times the memory of its text, "[],".
  std::size_t max_values = 1'000'000;
};

/// Parses one JSON document. Throws Error(kReject) whose message names line and column. Duplicate
/// member names are an error: which one counts would depend on the reader.
Value Parse(std::string_view input, const ParseOptions& options = {});

/// "line 3, column 14" of a byte offset, counting from 1.
std::string Place(std::string_view input, std::size_t offset);

}  // namespace pgsluice::json
