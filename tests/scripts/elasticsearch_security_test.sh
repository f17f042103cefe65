#!/usr/bin/env bash
# A real Elasticsearch with xpack.security and HTTPS: the role that pgsluice needs, and what is reported about wrong credentials.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=/dev/null
. scripts/lib/common.sh
install_packages openssl postgresql-client
ensure_account
exec /usr/bin/python3 tests/scripts/elasticsearch_security_test.py
