#pragma once

#include <string_view>
#include <vector>

namespace pgsluice::api {

/// A file of src/page/, compiled into the binary.
struct PageFile {
  std::string_view path;  ///< "/", "/page.css", …
  std::string_view content_type;
  std::string_view bytes;
};

const std::vector<PageFile>& EmbeddedPage();

}  // namespace pgsluice::api
