#include "pgsluice/plan/engine_path.h"

#include <algorithm>
#include <array>

namespace pgsluice::plan {

bool IsPattern(std::string_view name) { return name.find_first_of("*^") != std::string_view::npos; }

std::string EnginePath(std::string_view path, std::string_view sub) {
  if (!IsPattern(path)) {
    return sub.empty() ? std::string(path) : std::string(path) + "." + std::string(sub);
  }
  const std::size_t name = path.rfind('.') + 1;  // 0 if there is no dot
  std::string out(path.substr(0, name));
  out += "__as:";
  for (const char c : path.substr(name)) {
    switch (c) {
      case '*':
        out += "%2A";
        break;
      case '^':
        out += "%5E";
        break;
      case '%':
        out += "%25";
        break;
      default:
        out += c;
    }
  }
  return sub.empty() ? out : out + ":" + std::string(sub);
}

bool IsMetadata(std::string_view name) {
  static constexpr std::array kNames = {std::string_view("_id"),
                                        std::string_view("_index"),
                                        std::string_view("_source"),
                                        std::string_view("_routing"),
                                        std::string_view("_type"),
                                        std::string_view("_field_names"),
                                        std::string_view("_ignored"),
                                        std::string_view("_seq_no"),
                                        std::string_view("_version"),
                                        std::string_view("_nested_path"),
                                        std::string_view("_doc_count"),
                                        std::string_view("_size"),
                                        std::string_view("_tier"),
                                        std::string_view("_data_stream_timestamp"),
                                        std::string_view("_feature"),
                                        std::string_view("_primary_term"),
                                        std::string_view("_ignored_source"),
                                        std::string_view("_inference_fields"),
                                        std::string_view("_tsid"),
                                        std::string_view("_ts_routing_hash")};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

std::string FieldNameOf(std::string_view column, bool top, bool container) {
  std::string name(column);
  std::replace_if(
      name.begin(), name.end(),
      [&](char c) { return c == '.' || (container && (c == '*' || c == '^')); }, '_');
  const bool blank = name.find_first_not_of(" \t\r\n") == std::string::npos;
  if (name.compare(0, 2, "__") == 0 || blank || (top && IsMetadata(name))) name.insert(0, "x");
  return name;
}

}  // namespace pgsluice::plan
