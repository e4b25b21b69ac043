#!/usr/bin/env bash
# Measures the published controller on a real Kubernetes control plane; --help lists the options.
# Needs the .NET 10 SDK; the control plane's binaries are fetched or built, once.
set -euo pipefail
root=$(cd "$(dirname "$0")" && pwd)

KUBE_BIN=$("$root/eng/kubernetes.sh")
HA_CONTROLLER=$root/artifacts/publish/Controller/release_linux-x64/piraeus-ha-controller
export KUBE_BIN HA_CONTROLLER
(
  cd "$root"
  dotnet publish src/Controller --runtime linux-x64 --nologo --verbosity quiet
  dotnet build bench --configuration Release --nologo --verbosity quiet
)
exec "$root/artifacts/bin/Bench/release/Bench" "$@"
