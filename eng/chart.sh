#!/usr/bin/env bash
#
# Renders the Helm chart without Helm, with Go and Debian's packages of the libraries that Helm itself uses, and prints the manifests.
#
#   eng/chart.sh [OPTION…]
#   --release NAME           name of the release (default piraeus-ha-controller)
#   --namespace NAME         its namespace (default default)
#   --values FILE            values, as with helm; may be repeated
#   --set PATH=VALUE         one value; VALUE is YAML; may be repeated
#   --api-version VERSION    group/version that the cluster serves, such as policy/v1; may be repeated
#   --kube-version VERSION   version of Kubernetes
#   --notes                  what Helm says after an installation, instead of the manifests

set -euo pipefail
here=$(cd "${BASH_SOURCE%/*}" && pwd)

case ${1:-} in
    --help | -h)
        sed -n '3,12s/^# \{0,1\}//p' "$0"
        exit
        ;;
esac

libraries=/usr/share/gocode/src
missing=()
command -v go >/dev/null || missing+=(golang-go)
[[ -d $libraries/github.com/Masterminds/sprig ]] || missing+=(golang-github-masterminds-sprig-dev)
[[ -d $libraries/sigs.k8s.io/yaml ]] || missing+=(golang-k8s-sigs-yaml-dev)
[[ -d $libraries/github.com/xeipuuv/gojsonschema ]] || missing+=(golang-github-xeipuuv-gojsonschema-dev)
((${#missing[@]} == 0)) || "$here/install.sh" chart.sh "${missing[@]}"

program=$here/../artifacts/chart/render
if [[ ! -x $program || $here/chart/main.go -nt $program ]]; then
    mkdir -p "${program%/*}"
    built=$(mktemp "$program.XXXXXX") # others may render at the same time
    GOPATH=/usr/share/gocode GO111MODULE=off GOFLAGS='' CGO_ENABLED=0 go build -o "$built" "$here/chart/main.go" >&2
    mv "$built" "$program"
fi
exec "$program" "$@" "$here/../charts/piraeus-ha-controller"
