#!/bin/sh
# Validates an OpenAPI document with openapi-spec-validator, in an environment of its own.
# validate_openapi.sh FILE DIRECTORY
set -eu
. "$(dirname "$0")/venv.sh"
tools=$(openapi_tools "$2")
"$tools/openapi-spec-validator" --schema 3.1 "$1"
