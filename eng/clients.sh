#!/usr/bin/env bash
#
# Sees to it that /usr/bin/python3 has the Kubernetes client that Debian packages (python3-kubernetes): the simulated API is tested with it.

set -euo pipefail

here() { /usr/bin/python3 -c 'import kubernetes' 2>/dev/null; }

if ! here; then
    command -v apt-get >/dev/null || { echo "clients.sh: /usr/bin/python3 lacks the module kubernetes, and there is no apt-get to install python3-kubernetes" >&2; exit 1; }
    as_root=()
    ((EUID == 0)) || as_root=(sudo)
    "${as_root[@]}" apt-get -q update >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install python3-kubernetes >&2
    here || { echo "clients.sh: python3-kubernetes is installed, and /usr/bin/python3 cannot import kubernetes" >&2; exit 1; }
fi
