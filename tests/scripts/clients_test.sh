#!/usr/bin/env bash
# Clients that are generated from the OpenAPI document of a running service, type-checked and used. Installs what it needs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=/dev/null
. scripts/lib/common.sh
install_packages postgresql-client
need node nodejs
need npm
modules=$PGSLUICE_ROOT/build/clients-test
mkdir -p "$modules"
if ! cmp -s tests/clients/package-lock.json "$modules/package-lock.json" || [ ! -d "$modules/node_modules" ]; then
  rm -rf "$modules/node_modules"
  cp tests/clients/package.json tests/clients/package-lock.json "$modules/"
  (cd "$modules" && npm ci --no-audit --no-fund --silent)
fi
export CLIENTS_TEST_MODULES=$modules
exec /usr/bin/python3 tests/scripts/clients_test.py
