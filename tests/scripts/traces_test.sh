#!/usr/bin/env bash
# Traces as a collector of OpenTelemetry receives them: by OTLP/HTTP, read with OpenTelemetry's own protocol classes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=/dev/null
. scripts/lib/common.sh
# shellcheck source=/dev/null
. tests/scripts/venv.sh
install_packages openssl python3-venv postgresql-client
mkdir -p build
venv=$PGSLUICE_ROOT/build/otlp-venv
make_venv "$venv" opentelemetry-proto==1.39.1
exec "$venv/bin/python" tests/scripts/traces_test.py
