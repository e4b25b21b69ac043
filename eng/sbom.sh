#!/usr/bin/env bash
#
# Writes what the controller's program consists of, and prints the two files: a software bill of materials (CycloneDX) and a list of licences.
# Everything else that it has to say goes to stderr.
#
#   eng/sbom.sh

set -euo pipefail
cd "$(dirname "$0")/.."
[[ ${1:-} != --help && ${1:-} != -h ]] || { sed -n '3,6s/^# \{0,1\}//p' "$0"; exit; }

command -v jq >/dev/null || eng/install.sh sbom.sh jq
readonly folder=$PWD/artifacts/sbom
version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
runtime=$(dotnet msbuild src/Controller -getProperty:BundledNETCoreAppPackageVersion)

dotnet tool restore >&2
dotnet restore src/Controller --verbosity quiet >&2
dotnet dotnet-CycloneDX src/Controller/Controller.csproj --output "$folder" --filename packages.cdx.json --output-format Json --exclude-dev --disable-package-restore \
    --set-name piraeus-ha-controller --set-version "$version" --set-type Application >&2

# The packages are not all: the native program contains the .NET runtime and ASP.NET Core.
jq --arg version "$runtime" '.components += [
    {type: "framework", name: "Microsoft.NETCore.App", version: $version, scope: "required", licenses: [{license: {id: "MIT"}}]},
    {type: "framework", name: "Microsoft.AspNetCore.App", version: $version, scope: "required", licenses: [{license: {id: "MIT"}}]}
]' "$folder/packages.cdx.json" >"$folder/piraeus-ha-controller.cdx.json"
rm "$folder/packages.cdx.json"
jq -r '.components[] | [.name, .version, ([.licenses[]?.license | .id // .name] | join(" and ")), (.copyright // "")] | @tsv' "$folder/piraeus-ha-controller.cdx.json" | sort >"$folder/licences.tsv"
printf '%s\n' "$folder/piraeus-ha-controller.cdx.json" "$folder/licences.tsv"
