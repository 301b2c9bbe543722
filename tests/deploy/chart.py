"""The Helm chart as `helm template` renders it, and the values that stand for each variant of the manifests."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.manifests import DEPLOY, Manifest, Variant

CHART = DEPLOY / "helm" / "spanwise"

OVERLAYS = {
    "development": ("spanwise-development", ["--values", str(CHART / "values-development.yaml")]),
    "production": ("spanwise", []),
}
"""The namespace and the options of `helm` that stand for an overlay."""

COMPONENTS = {
    "gateway": "gateway.enabled=true",
    "ingress": "ingress.enabled=true",
    "keda": "keda.enabled=true",
    "monitoring": "monitoring.enabled=true",
    "queue-autoscaling": "autoscaling.queueCharacters=200000",
    "shared-quotas": "sharedQuotas.enabled=true",
    "traces": "traces.enabled=true",
    "vertical-autoscaling": "verticalAutoscaling.enabled=true",
}
"""The value that stands for a component."""


def helm(*arguments: str | Path, check: bool = True) -> "subprocess.CompletedProcess[str]":
    """Run Helm. Skip the test where `make deploy-test` did not install it; in CI fail."""
    program = shutil.which("helm", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    if program is None:
        reason = "there is no helm on this machine; make deploy-test installs one for Linux on x86-64"
        if os.environ.get("CI"):
            pytest.fail(f"CI needs helm: {reason}")
        pytest.skip(reason)
    run = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0 or not check, run.stdout + run.stderr
    return run


def options_of(variant: Variant) -> tuple[str, list[str]]:
    """Return the namespace and the options that stand for a variant."""
    overlay, components = variant
    namespace, options = OVERLAYS[overlay]
    return namespace, [
        *options,
        *(
            option
            for name in components
            for option in ("--set-string" if "=true" not in COMPONENTS[name] else "--set", COMPONENTS[name])
        ),
    ]


def template(namespace: str, options: Sequence[str], release: str = "spanwise") -> list[Manifest]:
    """Render the chart."""
    run = helm("template", release, CHART, "--namespace", namespace, *options)
    return [manifest for manifest in yaml.safe_load_all(run.stdout) if manifest]


@cache
def templated(variant: Variant) -> tuple[Manifest, ...]:
    """Render the chart with the values that stand for a variant."""
    return tuple(template(*options_of(variant)))


def named(manifests: Sequence[Manifest]) -> dict[tuple[str, str], Manifest]:
    """Return the objects by their kind and name."""
    found: dict[tuple[str, str], Any] = {(one["kind"], one["metadata"]["name"]): one for one in manifests}
    assert len(found) == len(manifests)
    return found
