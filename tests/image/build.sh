#!/usr/bin/env bash
# Build the repository's Dockerfile, unchanged, by buildah, and name the image $1; further arguments are buildah's. The base is
# $BASE or, if that is empty, an image that stands in for the official one.
set -euo pipefail
cd "$(dirname "$0")/../.."

name="$1" base="${BASE:-}"
version="$(sed -n 's/^ARG PYTHON_IMAGE=python:\([0-9.]*\)-.*/\1/p' Dockerfile)"
build=(buildah build --layers --isolation chroot --network host --format docker)

if [ -z "$base" ]; then
    recipe="$(sha256sum tests/image/stand_in_base.sh)"  # another recipe is another image
    base="localhost/spanwise-stand-in-base:$version-${recipe:0:12}"
    buildah inspect --type image "$base" >/dev/null 2>&1 || tests/image/stand_in_base.sh "$version" "$base"
    build+=(--pull-never)
fi

# Mount the certificates that this machine trusts, for the build only: a network may have its own certificate authority.
authorities="${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}"
if [ -f "$authorities" ]; then
    pip_conf="$(mktemp)"
    trap 'rm -f "$pip_conf"' EXIT
    printf '[global]\ncert = /etc/ssl/certs/build-host.crt\n' >"$pip_conf"
    chmod 644 "$pip_conf"
    build+=(-v "$authorities:/etc/ssl/certs/build-host.crt:ro" -v "$pip_conf:/etc/pip.conf:ro")
fi

"${build[@]}" --build-arg PYTHON_IMAGE="$base" --build-arg VERSION="$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)" \
    --build-arg REVISION="$(git rev-parse HEAD 2>/dev/null || echo unknown)" "${@:2}" --tag "$name" .
