# Processes and ports. A process is known by its id and start time, so that a reused id is never
# mistaken for ours.
# shellcheck shell=bash disable=SC2034

start_time() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

alive() { [ -n "$1" ] && [ -n "$2" ] && [ "$(start_time "$1")" = "$2" ]; }

port_taken() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A free port below the range that the kernel hands out for connections.
free_port() {
  local port
  while :; do
    port=$((RANDOM % 12000 + 20000))
    port_taken "$port" || break
  done
  echo "$port"
}

# spawn LOG COMMAND...: in a session of its own, as the servers' account; sets SPAWNED.
spawn() {
  local log=$1
  shift
  (as_account setsid "$@") </dev/null >"$log" 2>&1 9>&- &
  SPAWNED=$!
}

# end_process PID START SIGNAL: asks, and after 20 s insists on it and what it started.
end_process() {
  local tries
  alive "$1" "$2" || return 0
  kill -"$3" "$1" 2>/dev/null || true
  for ((tries = 0; tries < 200; tries++)); do
    alive "$1" "$2" || return 0
    sleep 0.1
  done
  kill -KILL -- "-$1" 2>/dev/null || kill -KILL "$1" 2>/dev/null || true
}

# wait_until SECONDS PID START COMMAND...: fails as well when the process ends first.
wait_until() {
  local limit=$((SECONDS + $1)) pid=$2 start=$3
  shift 3
  until "$@" >/dev/null 2>&1; do
    alive "$pid" "$start" || return 1
    [ $SECONDS -lt $limit ] || return 1
    sleep 0.2
  done
}
