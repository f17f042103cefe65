#!/usr/bin/env bash
# docker/: the compose file and the Dockerfile hold together. What takes minutes is in scripts/image-test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec /usr/bin/python3 tests/scripts/docker_test.py
