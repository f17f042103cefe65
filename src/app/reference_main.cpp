#include <iostream>

#include "app/cli/reference.h"

/// Run by the build: `pgsluice-reference man|bash|zsh|fish` prints the reference files that are
/// installed with the binary.
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
