#!/usr/bin/env bash
# Shows the controller at work in a simulated cluster: no Kubernetes, no root. Opens a page; with --scenario NAME it plays a scenario in the terminal.
# Needs the .NET 10 SDK and a C compiler, which links the controller. HA_CONTROLLER=PROGRAM names another controller to show.
set -euo pipefail
root=$(cd "$(dirname "$0")" && pwd)

command -v dotnet >/dev/null || { echo "demo.sh: there is no dotnet: install the .NET 10 SDK" >&2; exit 1; }
case " $* " in
  *" --help "* | *" -h "* | *" --version "* | *" --controller"*) controller=() ;;
  *) controller=(--controller "$("$root/eng/publish.sh")") ;;
esac
(cd "$root" && dotnet build --nologo --verbosity quiet src/Demo)
exec "$root/artifacts/bin/Demo/debug/piraeus-ha-demo" "${controller[@]}" "$@"
