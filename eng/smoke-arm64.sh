#!/usr/bin/env bash
#
# Compiles the controller for arm64, and lets it move pods in the simulated cluster, under QEMU's emulation of that processor.
# Needs Debian's cross compiler and qemu-user-static, which it installs.

set -euo pipefail
cd "$(dirname "$0")/.."

command -v qemu-aarch64-static >/dev/null || eng/install.sh smoke-arm64.sh qemu-user-static
program=$(env -u HA_CONTROLLER eng/publish.sh linux-arm64)
wrapper=$(mktemp)
trap 'rm -f "$wrapper"' EXIT
printf '#!/bin/sh\nexec qemu-aarch64-static -L /usr/aarch64-linux-gnu %q "$@"\n' "$program" >"$wrapper"
chmod +x "$wrapper"
HA_CONTROLLER=$wrapper ./demo.sh --scenario node-crash
