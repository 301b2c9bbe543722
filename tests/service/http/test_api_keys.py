"""API keys: who may call, and how often."""

import httpx
import pytest

from spanwise.service.http.api_keys import _digest
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

KEYS = "first-key, second-key"


async def get(client: httpx.AsyncClient, **headers: str) -> httpx.Response:
    """Make the cheapest request that needs a key."""
    return await client.get("/v1/pipelines", headers={name.replace("_", "-"): v for name, v in headers.items()})


@pytest.mark.parametrize(
    "headers",
    [
        {"X_API_Key": "first-key"},
        {"X_API_Key": "second-key"},
        {"Authorization": "Bearer second-key"},
        {"Authorization": "bearer first-key"},
    ],
)
async def test_a_known_key_is_let_in(serving: Serving, headers: dict[str, str]) -> None:
    """A key is accepted in either header."""
    async with serving(api_keys=KEYS) as client:
        assert (await get(client, **headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X_API_Key": ""},
        {"X_API_Key": " ", "Authorization": "Bearer "},
        {"X_API_Key": "first-key second-key"},
        {"X_API_Key": "first-ke"},
        {"X_API_Key": "first-key,second-key"},
        {"Authorization": "Basic first-key"},
        {"Authorization": "first-key"},
        {"X_API_Key": "wrong", "Authorization": "Bearer first-key"},
    ],
)
async def test_anybody_else_is_unauthorized(serving: Serving, headers: dict[str, str]) -> None:
    """Every path under /v1/ is refused before the body is read; the probes stay open."""
    async with serving(api_keys=KEYS) as client:
        answer = await get(client, **headers)
        assert answer.status_code == 401
        assert answer.json()["code"] == "unauthorized"
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "first-key" not in answer.text
        for path in ("/v1/entities", "/v1/batch"):
            assert (await client.post(path, content=b"not json")).status_code == 401
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        [("X-API-Key", "first-key ")],
        [("X-API-Key", "\tfirst-key")],
        [("Authorization", "  Bearer   first-key  ")],
        [("X-API-Key", ""), ("Authorization", "Bearer first-key")],
        [("X-API-Key", " "), ("Authorization", "Bearer first-key")],
        [("Authorization", "Bearer "), ("X-API-Key", "first-key")],
        [("Authorization", "Basic Zm9vOmJhcg=="), ("X-API-Key", "first-key")],
        [("X-API-Key", ""), ("X-API-Key", "first-key")],
    ],
)
async def test_empty_keys_and_white_space_do_no_harm(serving: Serving, headers: list[tuple[str, str]]) -> None:
    """White space around a key is not part of it, and an empty key stands for none: another header may have a key."""
    async with serving(api_keys=KEYS) as client:
        sent = [(name.encode(), value.encode()) for name, value in headers]
        assert (await client.get("/v1/pipelines", headers=sent)).status_code == 200


async def test_without_configured_keys_everybody_may_call(client: httpx.AsyncClient) -> None:
    """Where no keys are configured, a key that is sent is ignored."""
    assert (await get(client, X_API_Key="whatever")).status_code == 200


async def test_keys_are_compared_in_constant_time(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every configured key is compared, by digests of equal length, whichever matches first."""
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("spanwise.service.http.api_keys.hmac.compare_digest", compare)
    async with serving(api_keys=KEYS) as client:
        await get(client, X_API_Key="first-key")
    assert compared == [(_digest(b"first-key"), _digest(key)) for key in (b"first-key", b"second-key")]


async def test_a_spent_rate_limit_is_a_429(serving: Serving) -> None:
    """A key over its limit gets a 429 with `Retry-After`; other keys are still served."""
    async with serving(api_keys=KEYS, rate_limit_per_minute=2) as client:
        for _ in range(2):
            assert (await get(client, X_API_Key="first-key")).status_code == 200
        refused = await get(client, X_API_Key="first-key")
        assert refused.status_code == 429
        assert refused.json()["code"] == "rate_limited"
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert (await get(client, X_API_Key="second-key")).status_code == 200
