# Servers from the vendors' images, where a container engine works.
# shellcheck shell=bash

container_engine() {
  local engine
  for engine in docker podman; do
    if command -v "$engine" >/dev/null && timeout 10 "$engine" info >/dev/null 2>&1; then
      echo "$engine"
      return 0
    fi
  done
  return 1
}

# start_container NAME IMAGE URL OPTION... -- ARGUMENT...: writes the state. Fails when there is no
# engine or the image cannot be had, so that the caller can go another way.
start_container() {
  local name=$1 image=$2 url=$3 engine id options=()
  shift 3
  engine=$(container_engine) || return 1
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  "$engine" image inspect "$image" >/dev/null 2>&1 || timeout 900 "$engine" pull -q "$image" >&2 9>&- || return 1
  id=$("$engine" run -d --rm "${options[@]}" "$image" "$@" 9>&-) || return 1
  write_state "$name" kind=container "engine=$engine" "id=$id" "url=$url"
}

container_running() { [ "$("$1" inspect -f '{{.State.Running}}' "$2" 2>/dev/null)" = true ]; }

# container_waits NAME COMMAND...: until the command succeeds inside it.
container_waits() {
  local name=$1 engine id limit=$((SECONDS + 120))
  engine=$(state_get "$name" engine)
  id=$(state_get "$name" id)
  shift
  until "$engine" exec "$id" "$@" >/dev/null 2>&1; do
    if ! container_running "$engine" "$id" || [ $SECONDS -ge $limit ]; then
      stop_service "$name"
      return 1
    fi
    sleep 0.3
  done
}
