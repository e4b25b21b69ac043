#!/usr/bin/env bash
#
# Prints the directory that holds kube-apiserver, kube-controller-manager, kube-scheduler, kubectl and etcd.
# Everything else that it has to say goes to stderr.
#
#   KUBE_BIN=DIR   use these binaries instead of building any (etcd may be on the PATH)
#
# Without KUBE_BIN the binaries are built from Debian's own source package, once, and kept in
# ${XDG_CACHE_HOME:-~/.cache}/piraeus-ha-controller/kubernetes-VERSION: about five minutes on two cores and 4 GB of disk while
# it lasts. Debian ships no such binaries, and this way needs nothing but a Debian mirror.

set -euo pipefail

readonly version=1.20.2
readonly programs=(kube-apiserver kube-controller-manager kube-scheduler kubectl)
readonly cache=${XDG_CACHE_HOME:-$HOME/.cache}/piraeus-ha-controller
readonly home=$cache/kubernetes-$version
readonly log=$cache/kubernetes-$version.log
here=$(cd "${BASH_SOURCE%/*}" && pwd)

say() { printf 'kubernetes.sh: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Whether a directory holds every one of the named programs.
holds() {
    local directory=$1 program
    shift
    for program in "$@"; do
        [[ -x $directory/$program ]] || return 1
    done
}

# Runs one step with its output in the log, so that a failure is one line that says where to look.
step() {
    local what=$1
    shift
    say "$what"
    printf '\n== %s: %s\n' "$what" "$*" >>"$log"
    # The lock stays with this shell: a daemon that a package starts must not hold it for ever.
    "$@" >>"$log" 2>&1 9>&- || die "failed while $what: $(tail -n 1 "$log" | cut -c 1-200) (all of it: $log)"
}

require_debian() {
    local ID='' VERSION_ID=''
    # shellcheck source=/dev/null
    [[ ! -r /etc/os-release ]] || . /etc/os-release
    [[ $ID == debian && $VERSION_ID == 12 ]] ||
        die "building Kubernetes needs Debian 12, this is ${ID:-unknown} ${VERSION_ID:-}: set KUBE_BIN to a directory with ${programs[*]}"
}

# Installs the packages of those commands that are missing: "command=package" each.
require_commands() {
    local pair missing=()
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
    done
    ((${#missing[@]})) || return 0
    # The lock stays with this shell, as in a step. What is asked for a password, and by whom, must be seen, so it is not in the log.
    "$here/install.sh" kubernetes.sh "${missing[@]}" 9>&- || die "install ${missing[*]}, or set KUBE_BIN"
}

# Fetches the upstream tarball of Debian's package with lists of its own: the machine's sources stay as they are, and no root is needed.
fetch_source() {
    local work=$1
    mkdir -p "$work"/apt/{sources,lists/partial,archives/partial}
    if [[ -r /etc/apt/sources.list.d/debian.sources ]]; then
        sed 's/^Types:.*/Types: deb-src/' /etc/apt/sources.list.d/debian.sources >"$work/apt/sources/debian.sources"
    else
        sed -nE 's/^deb(-src)? /deb-src /p' /etc/apt/sources.list | sort -u >"$work/apt/sources/debian.list"
    fi
    local options=(
        -q
        -o Dir::Etc::SourceList=/dev/null
        -o Dir::Etc::SourceParts="$work/apt/sources"
        -o Dir::State::Lists="$work/apt/lists"
        -o Dir::Cache="$work/apt"
        # apt's own user may not enter a directory under somebody's home.
        -o APT::Sandbox::User=root
        # A mirror that cannot be reached is a failure, not a warning.
        -o APT::Update::Error-Mode=any
    )
    step "reading the source package lists" apt-get "${options[@]}" update
    (cd "$work" && step "fetching the source of kubernetes" apt-get "${options[@]}" source --download-only kubernetes)
    local tarballs=("$work"/kubernetes_*"$version".orig.tar.gz)
    [[ -r ${tarballs[0]} ]] || die "Debian's package kubernetes is not version $version any more: set KUBE_BIN, or teach this script the new one"
    mkdir -p "$source"
    step "unpacking the source" tar -xzf "${tarballs[0]}" -C "$source" --strip-components=1
}

# The tarball comes without the OpenAPI definitions, which upstream generates at build time for every package that asks for them.
generate_openapi() {
    local work=$1 packages
    packages=$(
        grep -rlE --include='*.go' '^// \+k8s:openapi-gen=' cmd pkg staging/src/k8s.io |
            grep -vE '_test\.go$|/(vendor|testdata|code-generator|sample-[a-z]+|apiextensions-apiserver/examples)/' |
            xargs -n 1 dirname | sort -u |
            sed -e 's#^staging/src/#k8s.io/kubernetes/vendor/#' -e 's#^\(cmd\|pkg\)/#k8s.io/kubernetes/\1/#' |
            paste -sd ,
    )
    step "building the OpenAPI generator" go build -o "$work/openapi-gen" k8s.io/kubernetes/vendor/k8s.io/kube-openapi/cmd/openapi-gen
    step "generating the OpenAPI definitions" "$work/openapi-gen" --logtostderr \
        --go-header-file hack/boilerplate/boilerplate.generatego.txt \
        --input-dirs "$packages" \
        --output-package k8s.io/kubernetes/pkg/generated/openapi \
        --output-file-base zz_generated.openapi \
        --output-base "$GOPATH/src" \
        --report-filename "$work/openapi-violations"
}

build() {
    local work=$1 program
    # The sources carry their dependencies in vendor/; nothing of the user's Go settings may leak in.
    export GOPATH=$work/go GOCACHE=$work/go-cache GO111MODULE=off GOFLAGS='' CGO_ENABLED=0
    local source=$GOPATH/src/k8s.io/kubernetes stamp=k8s.io/kubernetes/vendor/k8s.io/component-base/version
    fetch_source "$work"
    cd "$source"
    generate_openapi "$work"
    mkdir "$work/bin"
    for program in "${programs[@]}"; do
        # Without the stamp kube-apiserver calls itself v0.0.0, and clients refuse to talk to it.
        step "building $program" go build -o "$work/bin/$program" \
            -ldflags "-s -w -X $stamp.gitVersion=v$version -X $stamp.gitMajor=1 -X $stamp.gitMinor=20" "k8s.io/kubernetes/cmd/$program"
    done
    # A copy, so that the directory is whole wherever a CI cache restores it.
    step "adding etcd" cp "$(command -v etcd)" "$work/bin/etcd"
}

if [[ -n ${KUBE_BIN:-} ]]; then
    holds "$KUBE_BIN" "${programs[@]}" || die "KUBE_BIN=$KUBE_BIN lacks one of: ${programs[*]}"
    if ! holds "$KUBE_BIN" etcd; then
        mkdir -p "$cache"
        : >"$log"
        require_commands etcd=etcd-server
    fi
    (cd "$KUBE_BIN" && pwd)
    exit
fi

if ! holds "$home" "${programs[@]}" etcd; then
    require_debian
    mkdir -p "$cache"
    exec 9>"$cache/.lock"
    flock --nonblock 9 || { say "waiting for another build to end"; flock 9; }
    # Whoever held the lock may have done the work.
    if ! holds "$home" "${programs[@]}" etcd; then
        : >"$log"
        # Whoever was killed while holding the lock left its work behind. In the cache, not in /tmp: the last step is one rename.
        rm -rf "$cache"/build.*
        work=$(mktemp -d "$cache/build.XXXXXX")
        trap 'rm -rf "$work"' EXIT
        require_commands go=golang-go etcd=etcd-server
        build "$work"
        rm -rf "$home"
        mv "$work/bin" "$home"
        say "built Kubernetes $version in $home"
    fi
fi
printf '%s\n' "$home"
