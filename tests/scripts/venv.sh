# shellcheck shell=bash
# Sourced: Python packages that the distribution does not have.

# make_venv DIRECTORY PACKAGE...: an environment with these packages; created again if they change.
make_venv() (
  set -e
  directory=$1
  shift
  # Tests run side by side.
  exec 9>"$directory.lock"
  flock 9
  [ "$(cat "$directory/packages" 2>/dev/null)" != "$*" ] || exit 0
  rm -rf "$directory"
  python3 -m venv "$directory" >&2
  "$directory/bin/pip" install --quiet "$@" >&2
  echo "$*" >"$directory/packages"
)

# openapi_tools DIRECTORY: prints where the tools for OpenAPI are.
openapi_tools() {
  make_venv "$1/openapi-venv" openapi-spec-validator==0.7.1 schemathesis==4.32.5
  echo "$1/openapi-venv/bin"
}
