#!/usr/bin/env bash
# Measures the published controller on a real Kubernetes control plane; --help lists the options.
# Needs the .NET 10 SDK and a C compiler; the control plane's binaries are fetched or built, once.
set -euo pipefail
root=$(cd "$(dirname "$0")" && pwd)

KUBE_BIN=$("$root/eng/kubernetes.sh")
HA_CONTROLLER=$("$root/eng/publish.sh")
export KUBE_BIN HA_CONTROLLER
(cd "$root" && dotnet build bench --configuration Release --nologo --verbosity quiet)
exec "$root/artifacts/bin/Bench/release/Bench" "$@"
