"""Each test that asks for `manifests` runs on every variant that can be applied."""

import pytest

from tests.deploy.manifests import VARIANTS, Manifest, Variant, rendered


@pytest.fixture(params=VARIANTS, ids=lambda variant: "+".join((variant[0], *variant[1])))
def variant(request: pytest.FixtureRequest) -> Variant:
    """An overlay and its components."""
    chosen: Variant = request.param
    return chosen


@pytest.fixture
def manifests(variant: Variant) -> tuple[Manifest, ...]:
    """What is applied."""
    return rendered(variant)


@pytest.fixture
def production() -> tuple[Manifest, ...]:
    """The production overlay alone."""
    return rendered(("production", ()))
