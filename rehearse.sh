#!/usr/bin/env bash
# Plays scenarios of a simulated cluster in which everything that can goes wrong, and checks that the rules hold. Needs the .NET 10 SDK.
#   ./rehearse.sh                     plays the seeds 1..20000
#   ./rehearse.sh --seeds 1..100000   plays these seeds, and prints throughput and coverage; a scenario that breaks a rule is shrunk and printed
#   ./rehearse.sh --seed N            prints one scenario, line by line
#   --quiet                           leaves out progress and coverage
set -euo pipefail
root=$(cd "$(dirname "$0")" && pwd)

case "${1:-}" in
  --help | -h)
    sed -n '2,6s/^# \{0,1\}//p' "$0"
    exit
    ;;
esac

dotnet build "$root/tests/Rehearsals" --configuration Release --nologo --verbosity quiet
# Scenarios are short-lived and many: with a large first generation the collector has next to nothing to do.
export DOTNET_GCgen0size=0x8000000
# What is called often is compiled again at once, and not only after a pause that never comes.
export DOTNET_TC_CallCountingDelayMs=0
exec "$root/artifacts/bin/Rehearsals/release/rehearse" "$@"
