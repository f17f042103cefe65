#!/usr/bin/env bash
# docker/: the alert rules and the dashboard fit the metrics and the runbook.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec /usr/bin/python3 tests/scripts/alerts_test.py
