#!/usr/bin/env bash
# The Helm chart: linted and rendered by Helm's own code, the result checked with Kubernetes' schemas.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
for part in common download state; do
  # shellcheck source=/dev/null
  . "scripts/lib/$part.sh"
done
# shellcheck source=/dev/null
. tests/scripts/venv.sh
install_packages python3-venv
mkdir -p build
venv=$PGSLUICE_ROOT/build/helm-venv
make_venv "$venv" kubernetes-validate==1.37.0 pyyaml
if [ ! -e "$venv/helm.so" ]; then
  arch=amd64
  [ "$(machine)" != aarch64 ] || arch=arm64
  # Helm as a shared library.
  jar=$(maven_copy com.marcnuri.helm-java "linux-$arch" 0.0.19 jar "$venv")
  unzip -p "$jar" "helm-linux-$arch.so" >"$venv/helm.part"
  rm "$jar"
  mv "$venv/helm.part" "$venv/helm.so"
fi
HELM_LIBRARY=$venv/helm.so exec "$venv/bin/python" tests/scripts/helm_test.py
