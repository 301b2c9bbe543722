#!/usr/bin/env bash
# `make image-test`: build the image and run the tests of this folder on it. The arguments are the Python to use, and pytest's.
# It needs root, for cgroups and network namespaces, and the Debian packages below, which it installs if CI is set. IMAGE
# names an image to test instead of building one, BASE the base image to build on.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=(buildah podman runc catatonit containernetworking-plugins iptables mmdebstrap binutils haproxy iproute2)
programs=(buildah podman runc catatonit /usr/lib/cni/bridge iptables mmdebstrap strip haproxy ip)

missing() {
    local program
    for program in "${programs[@]}"; do
        command -v "$program" >/dev/null || echo "$program"
    done
}

if [ -n "${CI:-}" ] && [ -n "$(missing)" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get -qq update && apt-get -qq install -y --no-install-recommends "${packages[@]}" >/dev/null || true
fi
reason=""
[ "$(id -u)" = 0 ] || reason="it needs root"
[ -z "$(missing)" ] || reason="there is no $(missing | paste -sd, -); try: apt-get install -y --no-install-recommends ${packages[*]}"
if [ -n "$reason" ]; then
    echo "image-test: the image was NOT tested: $reason" >&2
    [ -z "${CI:-}" ] || exit 1
    exit 0
fi

if [ -z "${IMAGE:-}" ]; then
    IMAGE=localhost/spanwise:test
    log="$(mktemp)"
    echo "image-test: building $IMAGE (some minutes the first time)"
    if ! tests/image/build.sh "$IMAGE" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        exit 1
    fi
    rm -f "$log"
fi
export IMAGE
arguments=("${@:2}")
exec "$1" -m pytest -s "${arguments[@]:-tests/image}"
