#!/usr/bin/env bash
#
# Prints the path of Chromium, which the tests of the demo's page drive; installs Debian's package if there is none.
# Everything else that it has to say goes to stderr.
#
#   CHROMIUM=PROGRAM   use this one

set -euo pipefail

if [[ -n ${CHROMIUM:-} ]]; then
    printf '%s\n' "$CHROMIUM"
    exit
fi

command -v chromium >/dev/null || "${BASH_SOURCE%/*}/install.sh" chromium.sh chromium
command -v chromium
