#!/usr/bin/env bash
# Passes all tests. Needs the .NET 10 SDK and a C compiler; everything else is fetched or built, once.
#   ./test.sh          everything, the end-to-end tests of the program that ships on a real Kubernetes control plane included
#   ./test.sh --fast   only what takes seconds: without the real control plane, and without the rehearsals that break each rule
set -euo pipefail
cd "$(dirname "$0")"

projects=(tests/Core.Tests tests/Controller.Tests tests/Simulator.Tests)
case "${1:-}" in
  --fast) ;;
  --help | -h)
    sed -n '2,4s/^# \{0,1\}//p' "$0"
    exit
    ;;
  "")
    projects+=(tests/Rehearsals.Tests tests/EndToEnd.Tests)
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

passed=0 failed=0 status=0
summary=$(mktemp)
trap 'rm -f "$summary"' EXIT
for project in "${projects[@]}"; do
  echo "== $project"
  dotnet run --no-build --project "$project" -- --progress off --ansi off | tee "$summary" || status=1
  passed=$((passed + $(sed -n 's/^ *succeeded: //p' "$summary" | tail -n 1)))
  failed=$((failed + $(sed -n 's/^ *failed: //p' "$summary" | tail -n 1)))
done

echo "$passed passed, $failed failed"
exit "$status"
