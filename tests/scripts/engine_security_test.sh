#!/usr/bin/env bash
# Engines behind TLS, with every kind of credentials; AWS signatures as botocore computes them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=/dev/null
. scripts/lib/common.sh
install_packages openssl python3-venv postgresql-client
venv=$PGSLUICE_ROOT/build/aws-venv
mkdir -p build
exec 9>"$venv.lock"
flock 9
if [ ! -e "$venv/done" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet 'botocore==1.43.11'
  touch "$venv/done"
fi
exec 9>&-
exec "$venv/bin/python" tests/scripts/engine_security_test.py
