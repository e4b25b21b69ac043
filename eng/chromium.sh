#!/usr/bin/env bash
#
# Prints the path of Chromium, which the tests of the demo's page drive; installs Debian's package if there is none.
# Everything else that it has to say goes to stderr.
#
#   CHROMIUM=PROGRAM   use this one

set -euo pipefail

say() { printf 'chromium.sh: %s\n' "$*" >&2; }

if [[ -n ${CHROMIUM:-} ]]; then
    printf '%s\n' "$CHROMIUM"
    exit
fi

if ! command -v chromium >/dev/null; then
    command -v apt-get >/dev/null || { say "there is no chromium and no apt-get: install it, or set CHROMIUM"; exit 1; }
    as_root=(env DEBIAN_FRONTEND=noninteractive)
    ((EUID == 0)) || as_root=(sudo "${as_root[@]}")
    say "installing Debian's package chromium"
    "${as_root[@]}" apt-get -q update >&2
    "${as_root[@]}" apt-get -q -y --no-install-recommends install chromium >&2
fi
command -v chromium
