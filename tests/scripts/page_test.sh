#!/usr/bin/env bash
# The page on the admin port, and InstantSearch on the API, in headless Chromium against real servers. Installs what it needs.
#   PAGE_TEST_SCREENSHOTS=DIRECTORY keeps what it looked like
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=/dev/null
. scripts/lib/common.sh
install_packages chromium fonts-dejavu-core
need node nodejs
need npm
modules=$PGSLUICE_ROOT/build/page-test
mkdir -p "$modules"
if ! cmp -s tests/page/package-lock.json "$modules/package-lock.json" || [ ! -d "$modules/node_modules" ]; then
  rm -rf "$modules/node_modules"
  cp tests/page/package.json tests/page/package-lock.json "$modules/"
  (cd "$modules" && npm ci --no-audit --no-fund --silent)
fi
export PAGE_TEST_MODULES=$modules
exec node --test --test-concurrency=1 tests/page/page_test.mjs tests/page/instantsearch_test.mjs
