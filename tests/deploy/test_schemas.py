"""The API server would accept every object: the two newest Kubernetes versions whose schemas can be had say so."""

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
}
"""Of kinds that clusters get by an operator's CRDs: Kubernetes has no schema of them; test_custom_resources has."""


@pytest.mark.parametrize("version", NEWEST)
def test_every_object_is_valid(manifests: tuple[Manifest, ...], version: str) -> None:
    """Strictly: a field that does not exist is an error."""
    for manifest in manifests:
        if manifest["apiVersion"] not in CUSTOM:
            kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("version", NEWEST)
def test_a_wrong_field_is_found(production: tuple[Manifest, ...], version: str) -> None:
    """The check is one."""
    wrong = copy.deepcopy(the(production, "Deployment"))
    wrong["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, version, strict=True)


def test_the_base_builds_alone() -> None:
    """For whoever makes an overlay of their own."""
    assert the(kustomize(DEPLOY / "base"), "Deployment")


def test_every_component_is_tested() -> None:
    """A folder without a kustomization would be left out in silence."""
    for component in COMPONENTS:
        assert (DEPLOY / "components" / component / "kustomization.yaml").is_file()
