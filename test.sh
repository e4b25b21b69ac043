#!/usr/bin/env bash
# Passes all tests. Needs the .NET 10 SDK and a C compiler; everything else is fetched or built, once.
#   ./test.sh          everything, the end-to-end tests of the program that ships on a real Kubernetes control plane included
#   ./test.sh --fast   only what takes seconds: without the real control plane, and without the rehearsals that break each rule
set -euo pipefail
cd "$(dirname "$0")"

beside=
projects=(tests/Core.Tests tests/Controller.Tests tests/Simulator.Tests)
case "${1:-}" in
  --fast) ;;
  --help | -h)
    sed -n '2,4s/^# \{0,1\}//p' "$0"
    exit
    ;;
  "")
    projects+=(tests/EndToEnd.Tests)
    beside=tests/Rehearsals.Tests
    KUBE_BIN=$(eng/kubernetes.sh)
    CHROMIUM=$(eng/chromium.sh)
    HA_CONTROLLER=$(eng/publish.sh)
    export KUBE_BIN CHROMIUM HA_CONTROLLER
    eng/clients.sh
    eng/chart.sh >/dev/null # a test reads what it writes to stderr
    ;;
  *)
    echo "test.sh: unknown option $1; there are only --fast and --help" >&2
    exit 2
    ;;
esac

dotnet build --nologo --verbosity quiet

passed=0 failed=0 status=0 pid=
folder=$(mktemp --directory)
trap '[[ -z $pid ]] || kill "$pid" 2>/dev/null || true; rm -rf "$folder"' EXIT

count() {
  passed=$((passed + $(sed -n 's/^ *succeeded: //p' "$1" | tail -n 1)))
  failed=$((failed + $(sed -n 's/^ *failed: //p' "$1" | tail -n 1)))
}

# The rehearsals compute, and the end-to-end tests mostly wait. So both run at a time, and the rehearsals take the processor time that is left.
if [[ -n $beside ]]; then
  nice -n 19 dotnet run --no-build --project "$beside" -- --progress off --ansi off >"$folder/beside" 2>&1 &
  pid=$!
fi

for project in "${projects[@]}"; do
  echo "== $project"
  dotnet run --no-build --project "$project" -- --progress off --ansi off | tee "$folder/one" || status=1
  count "$folder/one"
done

if [[ -n $beside ]]; then
  echo "== $beside"
  wait "$pid" || status=1
  pid=
  cat "$folder/beside"
  count "$folder/beside"
fi

echo "$passed passed, $failed failed"
exit "$status"
