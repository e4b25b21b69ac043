#!/usr/bin/env bash
#
# Sees to it that /usr/bin/python3 has the Kubernetes client that Debian packages (python3-kubernetes): the simulated API is tested with it.

set -euo pipefail

here() { /usr/bin/python3 -c 'import kubernetes' 2>/dev/null; }

if ! here; then
    "${BASH_SOURCE%/*}/install.sh" clients.sh python3-kubernetes
    here || { echo "clients.sh: python3-kubernetes is installed, and /usr/bin/python3 cannot import kubernetes" >&2; exit 1; }
fi
