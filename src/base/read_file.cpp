#include "pgsluice/base/read_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "pgsluice/base/error.h"

namespace pgsluice::base {

std::string ReadFile(const std::string& path) {
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rb"), close);
  std::string text;
  if (file != nullptr) {
    std::array<char, 65536> buffer;
    while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
      text.append(buffer.data(), count);
    }
    if (std::ferror(file.get()) == 0) return text;
  }
  throw Error(Disposition::kFatal, "cannot read \"" + path + "\": " + std::strerror(errno));
}

}  // namespace pgsluice::base
