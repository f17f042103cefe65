#!/bin/sh
# Asks a running API whatever its OpenAPI document allows and forbids, with schemathesis: no 5xx, no answer that is not
# in the document. A seed repeats a run.
# schemathesis.sh URL DIRECTORY SEED EXAMPLES
set -eu
. "$(dirname "$0")/venv.sh"
tools=$(openapi_tools "$2")
cd "$2"
exec "$tools/schemathesis" run "$1/openapi.json" --url "$1" --seed "$3" --max-examples "$4" --no-shrink \
  --phases examples,coverage,fuzzing --warnings off --generation-database none \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance
