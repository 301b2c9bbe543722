"""Fixtures that run each test with `manifests` on every variant of the manifests that can be applied."""

import pytest

from tests.deploy.manifests import VARIANTS, Manifest, Variant, rendered


@pytest.fixture(params=VARIANTS, ids=lambda variant: "+".join((variant[0], *variant[1])))
def variant(request: pytest.FixtureRequest) -> Variant:
    """Return an overlay and its components."""
    chosen: Variant = request.param
    return chosen


@pytest.fixture
def manifests(variant: Variant) -> tuple[Manifest, ...]:
    """Render the manifests of a variant."""
    return rendered(variant)


@pytest.fixture
def production() -> tuple[Manifest, ...]:
    """Render the production overlay alone."""
    return rendered(("production", ()))
