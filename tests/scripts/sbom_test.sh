#!/usr/bin/env bash
# The bill of materials that the build has made names everything that the binary loads.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
binary=${PGSLUICE_BINARY:?names the binary}
exec python3 tests/scripts/sbom_test.py "$binary" "$(dirname "$binary")/pgsluice.spdx.json"
