#include <iostream>

#include "app/cli/reference.h"

/// Run by the build: `pgsluice-reference man|bash|zsh|fish` prints what is installed beside the
/// binary.
int main(int argc, char** argv) {
  const std::string what = argc == 2 ? argv[1] : "";
  try {
    std::cout << (what == "man" ? pgsluice::app::ManPage() : pgsluice::app::Completion(what));
  } catch (const std::exception& error) {
    std::cerr << "pgsluice-reference: " << error.what() << '\n';
    return 2;
  }
  return 0;
}
