# Sourced by everything in scripts/: messages, packages, accounts.
# shellcheck shell=bash disable=SC2034

PGSLUICE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
PGSLUICE_ACCOUNT=pgsluice-test # runs the servers when we are root, which they refuse

say() { printf '%s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    command -v sudo >/dev/null || die "installing packages needs root: install sudo, or run this once as root"
    sudo "$@"
  fi
}

# installed PACKAGE: whether dpkg has it completely.
installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 "$@" </dev/null >&2; }

# candidate PACKAGE: whether apt could install it.
# No -q: grep would go first, and with pipefail apt-cache's SIGPIPE would count.
candidate() { LC_ALL=C apt-cache policy "$1" 2>/dev/null | grep -E 'Candidate: [0-9]' >/dev/null; }

# install_packages PACKAGE...: those that are missing, without questions.
install_packages() {
  local package missing=()
  for package; do
    installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  local log
  log=$(mktemp)
  if ! { apt update && apt install -y --no-install-recommends "${missing[@]}"; } 2>"$log"; then
    cat "$log" >&2
    die "apt-get could not install ${missing[*]}"
  fi
  rm -f "$log"
}

# need COMMAND [PACKAGE]: the command, from its package if it is not there.
need() { command -v "$1" >/dev/null || install_packages "${2:-$1}"; }

# The account that runs servers: ourselves, or for root one of its own.
account() { if [ "$(id -u)" = 0 ]; then echo "$PGSLUICE_ACCOUNT"; else id -un; fi; }

ensure_account() {
  [ "$(id -u)" = 0 ] || return 0
  getent passwd "$PGSLUICE_ACCOUNT" >/dev/null ||
    useradd --system --user-group --no-create-home --home-dir /nonexistent \
      --shell /usr/sbin/nologin "$PGSLUICE_ACCOUNT"
}

# as_account COMMAND...: replaces this shell (call it in a subshell).
as_account() {
  if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid="$PGSLUICE_ACCOUNT" --regid="$PGSLUICE_ACCOUNT" --init-groups -- "$@"
  fi
  exec "$@"
}

account_can_enter() { (as_account test -r "$1" -a -x "$1") 2>/dev/null; }

machine() { uname -m; }
