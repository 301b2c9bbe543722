"""The manifests as kustomize renders them: every overlay alone, and with each component that fits it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
COMPONENTS = tuple(sorted(path.name for path in (DEPLOY / "components").iterdir()))

METRICS = ("spanwise_queue_characters", "spanwise_requests_total", "spanwise_streams")
"""The metrics that autoscalers rely on. One test compares them with the manifests, another with a live `/metrics`."""

Manifest = dict[str, Any]
Variant = tuple[str, tuple[str, ...]]

VARIANTS: tuple[Variant, ...] = (
    ("development", ()),
    ("production", ()),
    *(("production", (component,)) for component in COMPONENTS),
    ("production", tuple(component for component in COMPONENTS if component != "keda")),
    ("production", tuple(component for component in COMPONENTS if component != "queue-autoscaling")),
    (
        "development",
        tuple(component for component in COMPONENTS if component not in ("keda", "queue-autoscaling", "shared-quotas")),
    ),
)
"""`keda` replaces the autoscaler that `queue-autoscaling` changes and development lacks. Quotas need keys."""


def kustomize(folder: Path) -> list[Manifest]:
    """Render what `kubectl apply -k` would apply."""
    kubectl = Path(sys.executable).parent / "kubectl"
    run = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert not run.stderr, f"kustomize warns: {run.stderr}"
    return list(yaml.safe_load_all(run.stdout))


def kustomize_with(kustomization: Manifest) -> list[Manifest]:
    """Render a site's own kustomization that builds on ours; `$DEPLOY` in it stands for our folder."""
    with TemporaryDirectory() as folder:
        deploy = os.path.relpath(DEPLOY.resolve(), Path(folder).resolve())
        text = yaml.safe_dump(kustomization).replace("$DEPLOY", deploy)
        (Path(folder) / "kustomization.yaml").write_text(text, "utf-8")
        return kustomize(Path(folder))


@cache
def rendered(variant: Variant) -> tuple[Manifest, ...]:
    """Render an overlay with components."""
    overlay, components = variant
    if not components:
        return tuple(kustomize(DEPLOY / "overlays" / overlay))
    return tuple(
        kustomize_with(
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "namespace": of_kind(kustomize(DEPLOY / "overlays" / overlay), "Namespace")[0]["metadata"]["name"],
                "resources": [f"$DEPLOY/overlays/{overlay}"],
                "components": [f"$DEPLOY/components/{component}" for component in components],
            }
        )
    )


def of_kind(manifests: list[Manifest] | tuple[Manifest, ...], kind: str) -> list[Manifest]:
    """Select the manifests of one kind."""
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def the(manifests: list[Manifest] | tuple[Manifest, ...], kind: str) -> Manifest:
    """Return the only manifest of its kind."""
    (only,) = of_kind(manifests, kind)
    return only


def pod(manifests: list[Manifest] | tuple[Manifest, ...]) -> Manifest:
    """Return the spec of the Deployment's pods."""
    return dict(the(manifests, "Deployment")["spec"]["template"]["spec"])


def container(manifests: list[Manifest] | tuple[Manifest, ...]) -> Manifest:
    """Return the pods' only container."""
    (only,) = pod(manifests)["containers"]
    return dict(only)


def environment(manifests: list[Manifest] | tuple[Manifest, ...]) -> dict[str, Any]:
    """Return every variable of the container: its text, or the source of its value."""
    settings = {manifest["metadata"]["name"]: manifest["data"] for manifest in of_kind(manifests, "ConfigMap")}
    variables: dict[str, Any] = {}
    for source in container(manifests).get("envFrom", ()):
        variables |= settings[source["configMapRef"]["name"]]
    for variable in container(manifests).get("env", ()):
        variables[variable["name"]] = variable.get("value", variable.get("valueFrom"))
    return variables


def mounted_secrets(manifests: list[Manifest] | tuple[Manifest, ...]) -> dict[str, Manifest]:
    """Return the folders in which the container finds Secrets, and the volume of each."""
    volumes = {volume["name"]: volume["secret"] for volume in pod(manifests)["volumes"] if "secret" in volume}
    return {
        mount["mountPath"]: volumes[mount["name"]]
        for mount in container(manifests)["volumeMounts"]
        if mount["name"] in volumes
    }


def quantity(text: str | int) -> float:
    """Convert a Kubernetes quantity into a number of cores or bytes."""
    units = {"m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    text = str(text)
    for unit in sorted(units, key=len, reverse=True):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * units[unit]
    return float(text)


def walk(value: Any) -> Iterator[Any]:
    """Yield a value and every mapping, list and scalar inside it."""
    yield value
    if isinstance(value, dict):
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)
