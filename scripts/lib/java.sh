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

# Where the distribution has only older ones: a whole Temurin 21, published inside another product's
# archive. (Runtimes in Python wheels lack the data of some locales, which engines ask for.)
fill_java() {
  local arch=linux-x64 file
  [ "$(machine)" = x86_64 ] || arch=linux-$(machine)
  file=$(maven_copy org.sonarsource.scanner.cli sonar-scanner-cli 8.1.0.6389 "zip:$arch" "$1" '*/jre/*') || return 1
  unzip -q "$file" '*/jre/*' -d "$1/unpacked" || return 1
  mv "$1"/unpacked/*/jre/* "$1/" || return 1
  rm -rf "$file" "$1/unpacked"
  chmod +x "$1"/bin/* "$1"/lib/jspawnhelper
}

# java_home MIN MAX: prints one, installing it if need be.
java_home() {
  local version
  java_between "$1" "$2" && return 0
  for version in 21 17 25; do
    if [ "$version" -ge "$1" ] && [ "$version" -le "$2" ] && candidate "openjdk-$version-jre-headless"; then
      install_packages "openjdk-$version-jre-headless"
      java_between "$1" "$2" && return 0
    fi
  done
  cached java-21 fill_java
}
