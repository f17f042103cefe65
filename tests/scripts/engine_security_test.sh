#!/usr/bin/env bash
# Engines behind TLS, with every kind of credentials; AWS signatures as botocore computes them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=/dev/null
. scripts/lib/common.sh
# shellcheck source=/dev/null
. tests/scripts/venv.sh
install_packages openssl python3-venv postgresql-client
mkdir -p build
venv=$PGSLUICE_ROOT/build/aws-venv
make_venv "$venv" botocore==1.43.11
exec "$venv/bin/python" tests/scripts/engine_security_test.py
