#!/usr/bin/env bash
# Shows the controller at work: a node of a real Kubernetes control plane crashes, and its pod runs elsewhere.
# Needs the .NET 10 SDK and a C compiler; the control plane's binaries are fetched or built, once.
set -euo pipefail
cd "$(dirname "$0")"

case "${1:-}" in
  "") ;;
  --help | -h)
    sed -n '2,3s/^# \{0,1\}//p' "$0"
    exit
    ;;
  *)
    echo "try.sh: unknown option $1; there is only --help" >&2
    exit 2
    ;;
esac

KUBE_BIN=$(eng/kubernetes.sh)
HA_CONTROLLER=$(eng/publish.sh)
export KUBE_BIN HA_CONTROLLER
dotnet build --nologo --verbosity quiet tests/EndToEnd.Tests
dotnet run --no-build --project tests/EndToEnd.Tests -- --filter-class '*.RandomScenarioTests' --show-live-output on --progress off --ansi off |
  sed --unbuffered 's/^OUTPUT: \[[^]]*\] //'
