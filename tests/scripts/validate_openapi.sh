#!/bin/sh
# Validates an OpenAPI document with openapi-spec-validator, in an environment of its own.
# validate_openapi.sh FILE DIRECTORY
set -eu
file=$1
venv=$2/openapi-venv
validator=$venv/bin/openapi-spec-validator
if [ ! -x "$validator" ]; then
  python3 -m venv "$venv" >&2
  "$venv/bin/pip" install --quiet 'openapi-spec-validator==0.7.1' >&2
fi
"$validator" --schema 3.1 "$file"
