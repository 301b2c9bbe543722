#!/usr/bin/env bash
# Make an image that stands in for python:X-slim-bookworm where it cannot be pulled. It is a minimal Debian with apt and this
# machine's own CPython under /usr/local, laid out and pruned as in the official image. This takes about a minute.
#
#   tests/image/stand_in_base.sh 3.12 localhost/stand-in
set -euo pipefail

version="$1" name="$2"

# Only a CPython that is linked against its shared library can be moved: pyenv's, or the one in /usr/local.
prefix="$(pyenv prefix "$(pyenv latest "$version" 2>/dev/null)" 2>/dev/null || echo /usr/local)"
if ! "$prefix/bin/python$version" -c 'import ensurepip' 2>/dev/null; then
    echo "image-test: there is no CPython $version with ensurepip on this machine (pyenv or /usr/local)" >&2
    exit 1
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
root="$work/root"
mkdir "$root"

libraries=libstdc++6,libssl3,libffi8,libsqlite3-0,zlib1g,libbz2-1.0,liblzma5,libncursesw6,libreadline8,libuuid1,libexpat1,libnsl2,libtirpc3
mmdebstrap --quiet --variant=apt --include="ca-certificates,netbase,tzdata,$libraries" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    bookworm "$work/root.tar"
tar -C "$root" -xf "$work/root.tar" --exclude='./dev/*'

lib="$root/usr/local/lib/python$version"
mkdir -p "$root/usr/local/bin" "$root/usr/local/lib" "$root/usr/local/include"
cp -a "$prefix/bin/python$version" "$root/usr/local/bin/"
cp -a "$prefix/include/python$version" "$root/usr/local/include/"
ln -s "python$version" "$root/usr/local/bin/python3"
ln -s "python$version" "$root/usr/local/bin/python"
cp -a "$prefix"/lib/libpython3.*.so* "$root/usr/local/lib/"
tar -C "$prefix/lib" --exclude='site-packages/*' --exclude=test --exclude=tests --exclude=idle_test \
    --exclude=__pycache__ --exclude='config-*' -cf - "python$version" | tar -C "$root/usr/local/lib" -xf -
mkdir -p "$lib/site-packages"
find "$root/usr/local" -type f \( -name '*.so*' -o -path '*/bin/*' \) -exec strip --strip-unneeded {} + 2>/dev/null || true
chown -R 0:0 "$root/usr/local"
chroot "$root" ldconfig
chroot "$root" python3 -B -m ensurepip >/dev/null
ln -sf pip3 "$root/usr/local/bin/pip"
find "$root/usr/local" -name __pycache__ -prune -exec rm -rf {} +

container="$(buildah from scratch)"
buildah copy --quiet "$container" "$root" / >/dev/null
buildah config --env PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin --cmd python3 "$container"
buildah commit --quiet "$container" "$name" >/dev/null
buildah rm "$container" >/dev/null
