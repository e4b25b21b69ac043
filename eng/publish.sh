#!/usr/bin/env bash
#
# Compiles the controller to the native program that ships, and prints its path. Everything else that it has to say goes to stderr.
#
#   eng/publish.sh               for this machine; needs clang or gcc, which it installs on Debian if both are missing
#   eng/publish.sh linux-arm64   for another machine: linux-x64 or linux-arm64; needs Debian's cross compiler, which it installs
#
# HA_CONTROLLER=PROGRAM names a program to use instead of compiling one.

set -euo pipefail

if [[ -n ${HA_CONTROLLER:-} ]]; then
    [[ -x $HA_CONTROLLER ]] || { echo "publish.sh: HA_CONTROLLER=$HA_CONTROLLER is no program" >&2; exit 2; }
    realpath -- "$HA_CONTROLLER"
    exit
fi

cd "$(dirname "$0")/.."
command -v dotnet >/dev/null || { echo "publish.sh: there is no dotnet: install the .NET 10 SDK" >&2; exit 1; }

case $(uname -m) in
    x86_64) host=linux-x64 ;;
    aarch64) host=linux-arm64 ;;
    *) echo "publish.sh: there is no build for $(uname -m)" >&2; exit 1 ;;
esac
readonly target=${1:-$host}
case $target in
    linux-x64) readonly triple=x86_64-linux-gnu debian=amd64 ;;
    linux-arm64) readonly triple=aarch64-linux-gnu debian=arm64 ;;
    *) echo "publish.sh: there is no build for $target; there are linux-x64 and linux-arm64" >&2; exit 2 ;;
esac

options=()
if [[ $target == "$host" ]]; then
    command -v clang >/dev/null || command -v gcc >/dev/null || eng/install.sh publish.sh clang lld libc6-dev
else
    { command -v clang && command -v ld.lld && command -v "$triple-gcc"; } >/dev/null ||
        eng/install.sh publish.sh clang lld "gcc-${triple//_/-}" "libc6-dev-$debian-cross"
    options=(-p:CppCompilerAndLinker=clang -p:LinkerFlavor=lld "-p:ObjCopyName=$triple-objcopy")
fi

readonly program=$PWD/artifacts/publish/Controller/release_$target/piraeus-ha-controller
[[ -x $program ]] || echo "publish.sh: compiling the controller to native code, which takes about a minute" >&2
dotnet publish src/Controller --runtime "$target" --nologo --verbosity quiet "${options[@]}" >&2
printf '%s\n' "$program"
