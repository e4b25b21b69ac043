#!/usr/bin/env bash
#
# Runs promtool. Where it is missing, it installs Debian's package prometheus, and turns the package's service off.
#
#   eng/promtool.sh ARGUMENT…

set -euo pipefail

if ! command -v promtool >/dev/null; then
    "${BASH_SOURCE%/*}/install.sh" promtool.sh prometheus
    ! command -v systemctl >/dev/null || systemctl disable --now prometheus >/dev/null 2>&1 || true
fi
exec promtool "$@"
