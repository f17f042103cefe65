# What a build needs, and the build itself.
# shellcheck shell=bash

# The same sources compile once, whichever clone they are in.
export CCACHE_BASEDIR=$PGSLUICE_ROOT CCACHE_NOHASHDIR=1

install_build_packages() {
  install_packages g++ cmake ninja-build ccache pkg-config git ca-certificates curl procps \
    libpqxx-dev libpoco-dev libspdlog-dev libssl-dev libgtest-dev libgmock-dev \
    postgresql-client jq "$@"
}

# build PRESET [TARGET...]: with PGSLUICE_WERROR=ON in the environment, warnings are errors.
build() {
  local preset=$1
  shift
  cmake --preset "$preset" "-DPGSLUICE_WERROR=${PGSLUICE_WERROR:-OFF}" >"$PGSLUICE_ROOT/build/$preset.configure.log" 2>&1 || {
    cat "$PGSLUICE_ROOT/build/$preset.configure.log" >&2
    die "cmake could not configure preset $preset"
  }
  cmake --build --preset "$preset" ${1:+--target "$@"}
}
