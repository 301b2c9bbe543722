"""Tests of the kinds that an operator's CRDs add to a cluster, and for which Kubernetes itself has no schema.

npm has their schemas as TypeScript types. The compiler checks an object literal strictly against such a type: an
unknown field, a missing field or a field of another type is an error.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from tests.deploy.manifests import COMPONENTS, Manifest, rendered
from tests.deploy.test_schemas import CUSTOM

PACKAGES = {
    "autoscaling.k8s.io": "autoscaler",
    "gateway.networking.k8s.io": "gateway-api",
    "keda.sh": "keda",
    "monitoring.coreos.com": "prometheus-operator",
}

Complaints = Callable[[Manifest], str]


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> Complaints:
    """Return a function that gives the compiler's complaints about an object."""
    folder = tmp_path_factory.mktemp("custom-resources")
    for source in (Path(__file__).parent / "custom_resources").iterdir():
        shutil.copy(source, folder)
    npm = shutil.which("npm")
    if npm is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs npm, to check custom resources")
        pytest.skip("there is no npm on this machine")
    subprocess.run([npm, "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)
    options = ("--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022")

    def compiled(manifest: Manifest) -> str:
        group, version = manifest["apiVersion"].split("/")
        module = f"@kubernetes-models/{PACKAGES[group]}/{group}/{version}"
        code = f'import type {{ I{manifest["kind"]} as Kind }} from "{module}";\n'
        (folder / "check.ts").write_text(f"{code}export const checked: Kind = {json.dumps(manifest)};\n", "utf-8")
        compiler = folder / "node_modules" / ".bin" / "tsc"
        run = subprocess.run([compiler, *options, "check.ts"], cwd=folder, capture_output=True, text=True, check=False)
        return run.stdout + run.stderr

    return compiled


@pytest.mark.parametrize(
    "manifest",
    [
        manifest
        for manifest in rendered(("production", tuple(name for name in COMPONENTS if name != "queue-autoscaling")))
        if manifest["apiVersion"] in CUSTOM
    ],
    ids=lambda manifest: manifest["kind"],
)
def test_every_custom_resource_is_valid(complaints: Complaints, manifest: Manifest) -> None:
    """Every custom resource is valid, and is invalid with an unknown field."""
    assert not complaints(manifest)
    wrong = deepcopy(manifest)
    wrong["spec"]["noSuchField"] = 1
    assert "noSuchField" in complaints(wrong)
