#!/usr/bin/env bash
# The Helm chart: linted and rendered by Helm's own code, the result checked with Kubernetes' schemas.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
for part in common download state; do
  # shellcheck source=/dev/null
  . "scripts/lib/$part.sh"
done
install_packages python3-venv
venv=$PGSLUICE_ROOT/build/helm-venv
mkdir -p build
exec 9>"$venv.lock"
flock 9
if [ ! -e "$venv/helm.so" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet 'kubernetes-validate==1.37.0' pyyaml
  arch=amd64
  [ "$(machine)" != aarch64 ] || arch=arm64
  # Helm as a shared library.
  jar=$(maven_copy com.marcnuri.helm-java "linux-$arch" 0.0.19 jar "$venv")
  unzip -p "$jar" "helm-linux-$arch.so" >"$venv/helm.part"
  rm "$jar"
  mv "$venv/helm.part" "$venv/helm.so"
fi
exec 9>&-
HELM_LIBRARY=$venv/helm.so exec "$venv/bin/python" tests/scripts/helm_test.py
