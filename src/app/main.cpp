#include <cstdio>

int main() {
  std::puts("pgsluice " PGSLUICE_VERSION);
  return 0;
}
