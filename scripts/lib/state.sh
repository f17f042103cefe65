# What is running: one file of key=value lines per server in build/services.
# shellcheck shell=bash

STATE=$PGSLUICE_ROOT/build/services

state_file() { echo "$STATE/$1.state"; }
state_get() { sed -n "s/^$2=//p" "$(state_file "$1")" 2>/dev/null || true; }
state_names() {
  local file
  for file in "$STATE"/*.state; do
    [ -e "$file" ] && basename "$file" .state
  done
  return 0
}

# lock_state: one start or stop at a time in this clone. Held until the shell ends, so servers must
# be started with `9>&-`.
lock_state() {
  mkdir -p "$STATE"
  exec 9>"$STATE/lock"
  flock 9
}

# The servers' data: in the clone, or, when their account cannot enter it, beside other temporary
# data under a name made from the clone's path.
data_root() {
  if account_can_enter "$STATE"; then
    echo "$STATE"
  else
    echo "/var/tmp/pgsluice-services-$(printf '%s' "$PGSLUICE_ROOT" | sha256sum | cut -c1-12)"
  fi
}

# new_data NAME: an empty directory that belongs to the servers' account; prints it.
new_data() {
  local root dir
  root=$(data_root)
  dir=$root/$1
  if [ ! -d "$root" ]; then
    mkdir -m 755 "$root"
  elif [ ! -O "$root" ]; then
    die "$root belongs to someone else"
  fi
  rm -rf "$dir"
  mkdir -m 700 "$dir"
  [ "$(id -u)" != 0 ] || chown "$PGSLUICE_ACCOUNT:" "$dir"
  echo "$dir"
}

# write_state NAME KEY=VALUE...
write_state() {
  local file
  file=$(state_file "$1")
  shift
  printf '%s\n' "$@" >"$file.new"
  mv "$file.new" "$file"
}

service_running() {
  [ -e "$(state_file "$1")" ] || return 1
  if [ "$(state_get "$1" kind)" = container ]; then
    container_running "$(state_get "$1" engine)" "$(state_get "$1" id)"
  else
    alive "$(state_get "$1" pid)" "$(state_get "$1" start)"
  fi
}

# stop_service NAME: ends it, if it runs, and removes its data. Its log stays.
stop_service() {
  local data
  [ -e "$(state_file "$1")" ] || return 0
  if [ "$(state_get "$1" kind)" = container ]; then
    "$(state_get "$1" engine)" stop -t 20 "$(state_get "$1" id)" >/dev/null 2>&1 || true
  else
    end_process "$(state_get "$1" pid)" "$(state_get "$1" start)" "$(state_get "$1" signal)"
  fi
  data=$(state_get "$1" data)
  [ -z "$data" ] || rm -rf "$data"
  rm -f "$(state_file "$1")"
}
