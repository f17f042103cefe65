#!/usr/bin/env bash
# PostgreSQL over TLS, with SCRAM and client certificates; PgBouncer before the writers; roles with the least privileges.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=/dev/null
. scripts/lib/common.sh
install_packages openssl pgbouncer postgresql-client
ensure_account
exec /usr/bin/python3 tests/scripts/database_security_test.py
