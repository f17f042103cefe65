# Downloads, once per user. What is in the cache is complete: it is unpacked beside its place and
# then renamed.
# shellcheck shell=bash

# Root's home is closed to the servers' account, /var/cache is not.
cache_root() {
  if [ "$(id -u)" = 0 ]; then echo /var/cache/pgsluice; else echo "${XDG_CACHE_HOME:-$HOME/.cache}/pgsluice"; fi
}

# cached NAME FILL...: prints the directory NAME of the cache. When it is missing, `FILL... DIR`
# makes it in an empty temporary directory, at most once at a time.
cached() {
  local name=$1 root
  root=$(cache_root)
  shift
  mkdir -p "$root"
  chmod 755 "$root"
  (
    flock 8
    [ -d "$root/$name" ] && exit 0
    rm -rf "$root/.$name."*
    new=$(mktemp -d "$root/.$name.XXXXXX")
    if ! "$@" "$new"; then
      rm -rf "$new"
      exit 1
    fi
    chmod -R a+rX "$new"
    mv "$new" "$root/$name"
  ) 8>"$root/.$name.lock" >&2 || return 1
  echo "$root/$name"
}

# pinned FILE [NAME]: whether its SHA-256 is that of NAME (default: the file's) in downloads.sha256.
pinned() {
  local file=$1 name=${2:-${1##*/}} sum
  sum=$(sed -n "s/^\([0-9a-f]\{64\}\)  $name\$/\1/p" "$PGSLUICE_ROOT/scripts/lib/downloads.sha256")
  if [ -z "$sum" ]; then
    say "$name is not used: scripts/lib/downloads.sha256 has no checksum of it"
    return 1
  fi
  echo "$sum  $file" | sha256sum -c --quiet - >&2
}

# maven_copy GROUP ARTIFACT VERSION PACKAGING[:CLASSIFIER] DIR [WANTED]: prints the file, in which the
# members WANTED are whole. A broken copy in Maven's own repository is thrown away and fetched again.
maven_copy() {
  local group=$1 artifact=$2 version=$3 packaging=$4 dir=$5 wanted=${6:-*} file attempt classifier=""
  [[ $packaging != *:* ]] || classifier=-${packaging#*:}
  need mvn maven
  need unzip
  file=$dir/$artifact-$version$classifier.${packaging%%:*}
  for attempt in 1 2; do
    say "fetching $artifact $version with Maven (attempt $attempt)"
    mvn -B -q -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
      "-Dartifact=$group:$artifact:$version:$packaging" "-DoutputDirectory=$dir" >&2 </dev/null || true
    rm -rf "$HOME/.m2/repository/${group//.//}/$artifact/$version"
    if unzip -tq "$file" "$wanted" >/dev/null 2>&1 && pinned "$file"; then
      echo "$file"
      return 0
    fi
    rm -f "$file"
  done
  return 1
}

# vendor_tarball URL DIR: unpacks it without its top folder, if downloads.sha256 has its checksum.
vendor_tarball() {
  local url=$1 dir=$2 file=$2/download
  grep -qF "  ${url##*/}" "$PGSLUICE_ROOT/scripts/lib/downloads.sha256" || return 1
  need curl
  install_packages ca-certificates
  say "fetching $url"
  curl -fsSL --connect-timeout 4 --retry 2 -o "$file" "$url" || return 1
  pinned "$file" "${url##*/}" || return 1
  tar -xzf "$file" -C "$dir" --strip-components=1 || return 1
  rm -f "$file"
}
