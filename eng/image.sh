#!/usr/bin/env bash
#
# Builds the controller's image, and prints its name. Everything else that it has to say goes to stderr.
#
#   eng/image.sh                       for this machine's processor
#   --arch amd64|arm64                 for another processor
#   --tag NAME                         the image's name (default piraeus-ha-controller:VERSION)
#   --base IMAGE                       the base (default: the Dockerfile's); "debian" makes one with mmdebstrap, from a Debian mirror alone
#   --builder docker|podman|buildah    default: the first of these that works
#
# The program is compiled by eng/publish.sh on this machine.

set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '3,9s/^# \{0,1\}//p' "$0"; }
misused() { echo "image.sh: $* (see --help)" >&2; exit 2; }

version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
arch=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
tag=piraeus-ha-controller:$version base='' builder=''
while (($#)); do
    [[ $1 != --help && $1 != -h ]] || { usage; exit; }
    [[ $1 == --@(arch|tag|base|builder) ]] || misused "there is no option $1"
    (($# > 1)) || misused "$1 needs a value"
    case $1 in
        --arch) arch=$2 ;;
        --tag) tag=$2 ;;
        --base) base=$2 ;;
        --builder) builder=$2 ;;
    esac
    shift 2
done

case $arch in
    amd64) rid=linux-x64 ;;
    arm64) rid=linux-arm64 ;;
    *) misused "there is no image for $arch; there are amd64 and arm64" ;;
esac
if [[ -z $builder ]]; then
    for builder in docker podman buildah none; do
        # A client of docker without its daemon builds nothing.
        ! command -v "$builder" >/dev/null || { [[ $builder == docker ]] && ! docker info >/dev/null 2>&1; } || break
    done
fi
# Debian's package podman-docker calls podman docker.
[[ $builder != docker ]] || ! docker --version 2>/dev/null | grep -qi podman || builder=podman
[[ $builder != buildah ]] || command -v buildah >/dev/null || eng/install.sh image.sh buildah
command -v "$builder" >/dev/null || { echo "image.sh: there is no $([[ $builder != none ]] && echo "$builder" || echo "docker, podman or buildah")" >&2; exit 1; }

# A base of five packages: their files, without a shell or a package manager. The bundle of CA certificates is what Debian's own script would write.
debian_base() {
    local root=$PWD/artifacts/image/base-$arch.tar image=piraeus-ha-controller-base:debian-$arch
    command -v mmdebstrap >/dev/null || eng/install.sh image.sh mmdebstrap
    echo "image.sh: making a base of Debian 12 for $arch" >&2
    # Files alone: nothing is installed, so no program of the base runs here, whatever its processor. What remains of the documentation are the licences.
    mmdebstrap --variant=extract --architectures="$arch" --include=libc6,libssl3,ca-certificates,base-files,netbase \
        --extract-hook='cat "$1"/usr/share/ca-certificates/mozilla/*.crt >"$1/etc/ssl/certs/ca-certificates.crt"' \
        --extract-hook='rm -rf "$1/var/run" && ln -s /run "$1/var/run"' \
        --extract-hook='find "$1/usr/share/doc" -type f ! -name copyright -delete' \
        --extract-hook='cd "$1" && rm -rf usr/share/man usr/share/perl* usr/share/debconf usr/share/lintian usr/lib/*/perl* usr/bin/* usr/sbin/* bin/* sbin/* var/cache/* var/lib/apt' \
        bookworm "$root" >&2
    case $builder in
        buildah)
            local container
            container=$(buildah from --arch "$arch" scratch)
            buildah add "$container" "$root" / >&2
            buildah commit --rm "$container" "$image" >&2
            ;;
        podman) podman import --arch "$arch" "$root" "$image" >&2 ;;
        *) "$builder" import --platform "linux/$arch" "$root" "$image" >&2 ;;
    esac
    printf '%s\n' "$image"
}

mkdir -p "artifacts/image/$arch"
cp "$(env -u HA_CONTROLLER eng/publish.sh "$rid")" "artifacts/image/$arch/"
[[ $base != debian ]] || base=$(debian_base)

arguments=(--build-arg PROGRAM=compiled-before --build-arg "TARGETARCH=$arch" --build-arg "VERSION=$version" --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)")
[[ -z $base ]] || arguments+=(--build-arg "BASE=$base")
case $builder in
    buildah) build=(buildah bud --arch "$arch") ;;
    *) export DOCKER_BUILDKIT=1; build=("$builder" build --platform "linux/$arch") ;;
esac
"${build[@]}" "${arguments[@]}" --tag "$tag" --file Dockerfile . >&2
printf '%s\n' "$tag"
