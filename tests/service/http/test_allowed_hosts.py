"""The list of hosts that the service answers for."""

import httpx
import pytest

from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

HOSTS = "api.example.com, *.internal.example, [2001:db8::1]"


async def get(client: httpx.AsyncClient, host: str, path: str = "/v1/pipelines") -> httpx.Response:
    """Ask for a path under a host's name."""
    return await client.get(path, headers={"Host": host})


@pytest.mark.parametrize(
    "host",
    [
        "api.example.com",
        "API.Example.com",
        "api.example.com:8000",
        "api.example.com.",
        "a.internal.example",
        "a.b.internal.example:443",
        "[2001:db8::1]",
        "[2001:DB8::1]:8000",
    ],
)
async def test_a_configured_host_is_answered(serving: Serving, host: str) -> None:
    """Names compare without case and port, and a wildcard stands for all names below its domain."""
    async with serving(allowed_hosts=HOSTS) as client:
        assert (await get(client, host)).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "api.example.com.evil.example",
        "evil-api.example.com",
        "internal.example",
        "xinternal.example",
        "10.0.0.1",
        "10.0.0.1:8000",
        "[::1]:8000",
        "",
        "evil.example:api.example.com",
    ],
)
async def test_another_host_is_refused(serving: Serving, host: str) -> None:
    """The answer is a 400 of the contract, with keys and without, and repeats nothing of what was sent."""
    async with serving(allowed_hosts=HOSTS, api_keys="key") as client:
        for path in ("/v1/pipelines", "/docs", "/openapi.json"):
            answer = await get(client, host, path)
            assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
            assert "evil" not in answer.text


async def test_probes_are_answered_whatever_the_host(serving: Serving) -> None:
    """A kubelet and a scraper name the pod's address, which nobody can configure."""
    async with serving(allowed_hosts=HOSTS) as client:
        for path in ("/livez", "/readyz", "/metrics"):
            assert (await get(client, "10.0.0.1:8000", path)).status_code == 200


@pytest.mark.parametrize("hosts", ["", "*", "*, api.example.com"])
async def test_without_a_list_every_host_is_answered(serving: Serving, hosts: str) -> None:
    """No list and a star mean the same."""
    async with serving(allowed_hosts=hosts) as client:
        assert (await get(client, "evil.example")).status_code == 200
