#!/usr/bin/env bash
# Commands and examples of README and docs, executed; generated pages are current.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=/dev/null
. scripts/lib/common.sh
install_packages curl postgresql-client
exec /usr/bin/python3 tests/scripts/documentation_test.py
