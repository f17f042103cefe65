#!/usr/bin/env bash
# The model of the protocol, checked by spin: it holds, and with any one guard taken away it does not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=/dev/null
. scripts/lib/common.sh
install_packages spin gcc
exec tests/model/run
