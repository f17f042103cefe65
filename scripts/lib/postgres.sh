# PostgreSQL servers for tests: on loopback, no passwords, not crash safe.
# shellcheck shell=bash

# The distribution's own version: 15 on Debian 12, 17 on Debian 13.
default_pg() {
  local version
  for version in 15 17 16 18 14; do
    if [ -x "/usr/lib/postgresql/$version/bin/postgres" ] || candidate "postgresql-$version"; then
      echo "$version"
      return
    fi
  done
  echo 15
}

pg_artifact_version() {
  case $1 in
    14) echo 14.20.0 ;; 15) echo 15.15.0 ;; 16) echo 16.11.0 ;; 17) echo 17.7.0 ;; 18) echo 18.1.0 ;;
  esac
}

fill_pg() {
  local arch=amd64 file
  [ "$(machine)" != aarch64 ] || arch=arm64v8
  need xz xz-utils
  file=$(maven_copy io.zonky.test.postgres "embedded-postgres-binaries-linux-$arch" "$(pg_artifact_version "$1")" jar "$2") || return 1
  unzip -p "$file" '*.txz' | tar -xJ -C "$2" || return 1
  rm -f "$file"
}

# The package starts a cluster of its own unless this is set.
install_pg_package() {
  local conf=/etc/postgresql-common/createcluster.d/pgsluice.conf
  if ! installed postgresql-common; then
    as_root mkdir -p "${conf%/*}"
    echo 'create_main_cluster = false' | as_root tee "$conf" >/dev/null
  fi
  install_packages "postgresql-$1"
  as_root rm -f "$conf"
}

# pg_bin VERSION: prints the folder with `postgres` and `initdb`.
pg_bin() {
  local packaged=/usr/lib/postgresql/$1/bin home
  if [ ! -x "$packaged/postgres" ] && candidate "postgresql-$1"; then
    install_pg_package "$1"
  fi
  if [ -x "$packaged/postgres" ]; then
    echo "$packaged"
  else
    home=$(cached "postgresql-$1" fill_pg "$1") || return 1
    echo "$home/bin"
  fi
}

pg_ready() { [ "$(sed -n '8s/ *$//p' "$1/data/postmaster.pid" 2>/dev/null)" = ready ]; }

# start_pg_process NAME VERSION: as a child of nobody; writes the state.
start_pg_process() {
  local name=$1 bin dir port begun
  bin=$(pg_bin "$2") || die "PostgreSQL $2 is neither packaged nor to be fetched here"
  dir=$(new_data "$name") || return 1
  (cd / && as_account "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync) \
    >"$STATE/$name.initdb.log" 2>&1 || die "initdb failed: $(tail -n 5 "$STATE/$name.initdb.log")"
  port=$(free_port)
  spawn "$STATE/$name.log" "$bin/postgres" -D "$dir/data" -p "$port" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories= -c fsync=off -c synchronous_commit=on -c full_page_writes=off \
    -c max_connections=200 -c wal_level=logical -c timezone=UTC
  begun=$(start_time "$SPAWNED")
  write_state "$name" kind=process signal=INT "pid=$SPAWNED" "start=$begun" "data=$dir" \
    "url=postgresql://postgres@127.0.0.1:$port/postgres"
  wait_until 60 "$SPAWNED" "$begun" pg_ready "$dir" || return 1
}

start_pg_container() {
  local port
  port=$(free_port)
  start_container "$1" "docker.io/library/postgres:$2" "postgresql://postgres@127.0.0.1:$port/postgres" \
    -p "127.0.0.1:$port:5432" -e POSTGRES_HOST_AUTH_METHOD=trust -- \
    -c fsync=off -c max_connections=200 -c wal_level=logical -c timezone=UTC &&
    container_waits "$1" pg_isready -q -h 127.0.0.1 -U postgres
}

start_pg() {
  local name=$1 version=$2 try
  if [ ! -x "/usr/lib/postgresql/$version/bin/postgres" ] && start_pg_container "$name" "$version"; then return; fi
  for try in 1 2 3; do
    start_pg_process "$name" "$version" && return
    say "PostgreSQL $version did not start (attempt $try): $(tail -n 3 "$STATE/$name.log")"
    stop_service "$name"
  done
  die "PostgreSQL $version does not start, see $STATE/$name.log"
}
