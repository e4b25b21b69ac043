#!/usr/bin/env bash
# Shows the controller at work in a simulated cluster: no Kubernetes, no root. Opens a page; with --scenario NAME it plays a scenario in the terminal.
# Needs the .NET 10 SDK.
set -euo pipefail
cd "$(dirname "$0")"

dotnet build --nologo --verbosity quiet src/Demo
exec artifacts/bin/Demo/debug/piraeus-ha-demo "$@"
