#!/usr/bin/env bash
# Plays stories of a simulated cluster in which everything that can goes wrong, and checks that the rules hold. Needs the .NET 10 SDK.
#   ./rehearse.sh --seeds 1..100000   prints throughput and coverage; a story that breaks a rule is shrunk and told
#   ./rehearse.sh --seed N            tells one story
set -euo pipefail
root=$(cd "$(dirname "$0")" && pwd)

dotnet build "$root/tests/Rehearsals" --configuration Release --nologo --verbosity quiet
# Stories are short-lived and many: with a large first generation the collector has next to nothing to do.
export DOTNET_GCgen0size=0x10000000
exec "$root/artifacts/bin/Rehearsals/release/rehearse" "$@"
