# Sourced: makes the environment in DIRECTORY that holds the tools for OpenAPI; sets `tools`, where they are.
# openapi_tools DIRECTORY
openapi_tools() {
  venv=$1/openapi-venv
  tools=$venv/bin
  # Tests run side by side.
  exec 9>"$1/openapi-venv.lock"
  flock 9
  if [ ! -e "$venv/2" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" >&2
    "$tools/pip" install --quiet 'openapi-spec-validator==0.7.1' 'schemathesis==4.32.5' >&2
    touch "$venv/2"
  fi
  exec 9>&-
}
