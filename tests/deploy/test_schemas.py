"""Tests that the API server would accept every object, by the two newest Kubernetes schemas available."""

import copy

import kubernetes_validate
import pytest
from kubernetes_validate.utils import all_versions

from tests.deploy.manifests import COMPONENTS, DEPLOY, Manifest, kustomize, the

NEWEST = list(dict.fromkeys(all_versions()))[-2:]
CUSTOM = {
    "monitoring.coreos.com/v1",
    "gateway.networking.k8s.io/v1",
    "autoscaling.k8s.io/v1",
    "keda.sh/v1alpha1",
}
"""The kinds that an operator's CRDs add. Kubernetes has no schema of them, so test_custom_resources checks them."""


@pytest.mark.parametrize("version", NEWEST)
def test_every_object_is_valid(manifests: tuple[Manifest, ...], version: str) -> None:
    """Every object is valid, where an unknown field counts as an error."""
    for manifest in manifests:
        if manifest["apiVersion"] not in CUSTOM:
            kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("version", NEWEST)
def test_a_wrong_field_is_found(production: tuple[Manifest, ...], version: str) -> None:
    """The check would find a misspelt field."""
    wrong = copy.deepcopy(the(production, "Deployment"))
    wrong["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, version, strict=True)


def test_the_base_builds_alone() -> None:
    """The base builds without an overlay, for a site that makes its own."""
    assert the(kustomize(DEPLOY / "base"), "Deployment")


def test_every_component_is_tested() -> None:
    """Every component has a kustomization; a folder without one would not be tested."""
    for component in COMPONENTS:
        assert (DEPLOY / "components" / component / "kustomization.yaml").is_file()
