#!/usr/bin/env bash
# Shows the controller at work: a node of a real Kubernetes control plane crashes, and its pod runs elsewhere.
# Needs the .NET 10 SDK; the control plane's binaries are fetched or built, once.
set -euo pipefail
cd "$(dirname "$0")"

KUBE_BIN=$(eng/kubernetes.sh)
export KUBE_BIN
dotnet build --nologo --verbosity quiet tests/EndToEnd.Tests
dotnet run --no-build --project tests/EndToEnd.Tests -- --filter-class '*.RandomStoryTests' --show-live-output on --no-progress |
  sed --unbuffered 's/^OUTPUT: \[[^]]*\] //'
