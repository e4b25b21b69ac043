#!/usr/bin/env bash
#
# Installs Debian packages for another script. Everything it has to say goes to stderr; what apt-get says, only if it fails.
#
#   eng/install.sh SCRIPT PACKAGE…   SCRIPT is the name that it speaks under

set -euo pipefail

readonly who=$1
shift
say() { printf '%s: %s\n' "$who" "$*" >&2; }

command -v apt-get >/dev/null || { say "these packages are missing, and there is no apt-get: $*"; exit 1; }
as_root=(env DEBIAN_FRONTEND=noninteractive)
if ((EUID != 0)); then
    command -v sudo >/dev/null || { say "installing $* needs root: install them first, or run as root or with sudo"; exit 1; }
    as_root=(sudo "${as_root[@]}")
fi
exec 9>"${TMPDIR:-/tmp}/piraeus-ha-controller-install-$EUID.lock"
flock 9 # apt-get does not wait for another apt-get
say "installing $*"
apt() {
    local output
    output=$("${as_root[@]}" apt-get -q "$@" 2>&1 9>&-) || { printf '%s\n' "$output" >&2; exit 1; }
}
apt update
apt -y --no-install-recommends install "$@"
