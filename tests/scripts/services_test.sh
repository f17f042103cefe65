#!/usr/bin/env bash
# scripts/services: usage, given addresses, and that only what it started is ended.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r "$root/scripts" "$scratch/"
services=$scratch/scripts/services

fail() {
  echo "failed: $*" >&2
  exit 1
}
exits() { # exits CODE COMMAND...
  local want=$1 got=0
  shift
  "$@" >"$scratch/out" 2>"$scratch/err" || got=$?
  [ "$got" = "$want" ] || fail "$* exits $got instead of $want: $(cat "$scratch/err")"
}

exits 2 "$services"
exits 2 "$services" restart
exits 2 "$services" start --engine
exits 1 "$services" start --engine solr
grep -q 'unknown engine solr' "$scratch/err" || fail "the engine is not named"
exits 1 "$services" start --pg 9
exits 0 "$services" stop

# shellcheck disable=SC2016  # the dollar sign is part of it
export PGSLUICE_DATABASE_URL='postgresql://me:p$w@db/shop' PGSLUICE_ELASTICSEARCH_URL=http://search:9200
exits 0 "$services" env
given=$PGSLUICE_DATABASE_URL
unset PGSLUICE_DATABASE_URL
eval "$(cat "$scratch/out")"
[ "$PGSLUICE_DATABASE_URL" = "$given" ] || fail "the given address is changed"
unset PGSLUICE_DATABASE_URL
exits 1 "$services" env --pg 15
grep -q 'pg-15 does not run' "$scratch/err" || fail "env does not say what is missing"

# A process that took over a remembered id belongs to another program.
sleep 60 &
other=$!
mkdir -p "$scratch/build/services"
printf '%s\n' kind=process signal=TERM pid=$other start=1 url=x >"$scratch/build/services/pg-15.state"
exits 1 "$services" status
exits 0 "$services" stop
kill -0 $other || fail "a process with a reused id was ended"
kill $other

# A download is used only if its checksum is the one that is kept beside the scripts.
(
  for part in common download; do
    # shellcheck source=/dev/null
    . "$scratch/scripts/lib/$part.sh"
  done
  echo archive >"$scratch/engine-1.zip"
  ! pinned "$scratch/engine-1.zip" || fail "a download without a checksum is used"
  (cd "$scratch" && sha256sum engine-1.zip) >>"$scratch/scripts/lib/downloads.sha256"
  pinned "$scratch/engine-1.zip" || fail "a download with the right checksum is not used"
  echo changed >>"$scratch/engine-1.zip"
  ! pinned "$scratch/engine-1.zip" || fail "a changed download is used"
) 2>"$scratch/err" || fail "$(cat "$scratch/err")"
