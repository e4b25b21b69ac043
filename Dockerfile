# The image of the controller: one native program on a base that has glibc, OpenSSL 3 and CA certificates, and neither a shell nor a package manager.
#
#   docker build --tag piraeus-ha-controller .
#
# eng/image.sh builds it with what is there: docker, podman or buildah.
# Needs BuildKit (docker build has used it since version 23). buildah 1.28 and podman 4.3 take neither a stage's name nor TARGETARCH from a default: use eng/image.sh, or give
# --build-arg PROGRAM=compiled-here --build-arg TARGETARCH=amd64.

# The .NET SDK, on Debian or Ubuntu.
ARG SDK=mcr.microsoft.com/dotnet/sdk:10.0
# Any base with glibc, OpenSSL 3 and CA certificates will do.
ARG BASE=mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled
# Where the program comes from: compiled-here, or compiled-before by eng/publish.sh.
ARG PROGRAM=compiled-here

FROM --platform=$BUILDPLATFORM $SDK AS compiled-here
# Set by the builder.
ARG TARGETARCH
WORKDIR /source
COPY . .
RUN program=$(eng/publish.sh "linux-$(echo "$TARGETARCH" | sed s/amd64/x64/)") && mkdir -p /program && cp "$program" /program/

FROM scratch AS compiled-before
ARG TARGETARCH
COPY artifacts/image/$TARGETARCH /program

FROM $PROGRAM AS program

FROM $BASE
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Piraeus High Availability Controller" \
      org.opencontainers.image.description="Moves pods away from nodes that have lost their LINSTOR storage" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION \
      org.opencontainers.image.source="https://github.com/piraeusdatastore/piraeus-ha-controller" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=program /program/piraeus-ha-controller /usr/bin/piraeus-ha-controller
USER 65532:65532
ENTRYPOINT ["/usr/bin/piraeus-ha-controller"]
