#!/usr/bin/env bash
# Shows the controller at work in a simulated cluster: no Kubernetes, no root. Opens a page; with --scenario NAME it plays a scenario in the terminal.
# Needs the .NET 10 SDK and a C compiler, which links the controller. HA_CONTROLLER=PROGRAM names another controller to show.
set -euo pipefail
root=$(cd "$(dirname "$0")" && pwd)

(cd "$root" && dotnet build --nologo --verbosity quiet src/Demo)
case " $* " in
  *" --help "* | *" -h "* | *" --version "* | *" --controller"*) controller=() ;;
  *) controller=(--controller "$("$root/eng/publish.sh")") ;;
esac
exec "$root/artifacts/bin/Demo/debug/piraeus-ha-demo" "${controller[@]}" "$@"
