#!/usr/bin/env bash
# Shows the controller at work in a simulated cluster: no Kubernetes, no root. Opens a page; with --scenario NAME it plays a scenario in the terminal.
# Needs the .NET 10 SDK and a C compiler, which links the controller. HA_CONTROLLER=PROGRAM names another controller to show.
set -euo pipefail
cd "$(dirname "$0")"

dotnet build --nologo --verbosity quiet src/Demo
case "${1:-}" in
  --help | -h) controller=() ;;
  *) controller=(--controller "$(eng/publish.sh)") ;;
esac
exec artifacts/bin/Demo/debug/piraeus-ha-demo "${controller[@]}" "$@"
