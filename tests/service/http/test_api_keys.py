"""API keys: who may call, and how often."""

import hmac
from pathlib import Path

import anyio
import httpx
import pytest

from spanwise.service.keys import key_table
from spanwise.service.keys.key_lines import digest_of, line_of, new_key
from spanwise.service.keys.key_ring import KeyRing
from spanwise.service.keys.quota import Quota
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


@pytest.mark.parametrize("sent", ["first-key", "second-key", "nobody's"])
async def test_keys_are_compared_in_constant_time(serving: Serving, monkeypatch: pytest.MonkeyPatch, sent: str) -> None:
    """Whatever is sent, there is one comparison of two digests, in constant time, also where no key is known."""
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    async with serving(api_keys=KEYS) as client:
        monkeypatch.setattr(key_table, "hmac", type("hmac", (), {"compare_digest": staticmethod(compare)}))
        await get(client, X_API_Key=sent)
    ((one, other),) = compared
    assert one == digest_of(sent.encode())
    assert len(other) == 32


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


async def test_a_stored_key_is_a_digest_with_a_name(serving: Serving) -> None:
    """A line of a name and a digest lets in whoever has the key, and not who has the line."""
    key = new_key()
    async with serving(api_keys=f"{line_of('acme', key)},plain-key") as client:
        assert (await get(client, X_API_Key=key)).status_code == 200
        assert (await get(client, X_API_Key="plain-key")).status_code == 200
        for wrong in (line_of("acme", key), digest_of(key.encode()).hex(), "acme"):
            assert (await get(client, X_API_Key=wrong)).status_code == 401


async def test_answers_say_what_is_left_of_a_quota(serving: Serving) -> None:
    """Every answer to a known key has the `RateLimit` fields, a refusal too; others, and probes, have none."""
    async with serving(api_keys=KEYS, rate_limit_per_minute=4, rate_limit_characters_per_minute=1000) as client:
        key = {"X-API-Key": "first-key"}
        answer = await client.post("/v1/entities", json={"text": "x" * 100}, headers=key)
        assert answer.headers["RateLimit-Policy"] == '"requests";q=4;w=60, "characters";q=1000;w=60'
        assert answer.headers["RateLimit"].startswith('"requests";r=3;t=15, "characters";r=90')
        assert (answer.headers["RateLimit-Limit"], answer.headers["RateLimit-Remaining"]) == ("4", "3")
        bad = await client.post("/v1/entities", json={"text": ""}, headers=key)
        assert (bad.status_code, bad.headers["RateLimit-Remaining"]) == (422, "2")
        missing = await client.get("/v1/nothing", headers=key)
        assert (missing.status_code, missing.headers["RateLimit-Remaining"]) == (404, "1")
        large = await client.post("/v1/entities", json={"text": "x" * 800}, headers=key)
        assert large.status_code == 200
        assert large.headers["RateLimit-Remaining"] == "0"
        refused = await get(client, **key)
        assert (refused.status_code, refused.headers["RateLimit-Remaining"]) == (429, "0")
        assert 1 <= int(refused.headers["Retry-After"]) <= 15
        assert int(refused.headers["RateLimit-Reset"]) <= 60
        for other in (await get(client, X_API_Key="wrong"), await client.get("/livez", headers=key)):
            assert not [name for name in other.headers if name.startswith("ratelimit")]


async def test_a_quota_of_characters_is_a_debt(serving: Serving) -> None:
    """A text that is longer than the quota is served once; then the caller waits until it has come back."""
    async with serving(api_keys=KEYS, rate_limit_characters_per_minute=1000) as client:
        key = {"X-API-Key": "first-key"}
        batch = {"documents": [{"text": "x" * 1500}, {"text": "y" * 1500}]}
        assert (await client.post("/v1/batch", json=batch, headers=key)).status_code == 200
        refused = await client.post("/v1/batch", json=batch, headers=key)
        assert refused.status_code == 429
        assert "characters" in refused.json()["detail"]
        assert 110 <= int(refused.headers["Retry-After"]) <= 121  # 2,000 too many, at 1,000 a minute
        other = await client.post("/v1/batch", json=batch, headers={"X-API-Key": "second-key"})
        assert other.status_code == 200


async def test_what_is_refused_costs_no_characters(serving: Serving) -> None:
    """Only texts that were accepted count."""
    async with serving(api_keys=KEYS, rate_limit_characters_per_minute=1000, max_text_characters=500) as client:
        key = {"X-API-Key": "first-key"}
        for _ in range(3):
            assert (await client.post("/v1/entities", json={"text": "x" * 501}, headers=key)).status_code == 422
        answer = await client.post("/v1/entities", json={"text": "x"}, headers=key)
        assert answer.headers["RateLimit-Remaining"] == "999"


async def test_a_stream_is_as_fast_as_its_quota(serving: Serving) -> None:
    """A stream whose key has used up its characters waits for more and then goes on; no line is lost."""
    async with serving(api_keys=KEYS, rate_limit_characters_per_minute=6000) as client:  # 100 a second
        lines = b'{"text":"' + b"x" * 6000 + b'"}\n' + b'{"text":"' + b"y" * 60 + b'"}\n' + b'{"text":"z"}\n'
        headers = {"X-API-Key": "first-key", "Content-Type": "application/jsonl"}
        answer = await client.post("/v1/stream?features=sentences", content=lines, headers=headers)
        results = answer.text.splitlines()
        assert len(results) == 3
        assert all('"status":"ok"' in line for line in results)
        left = int((await get(client, X_API_Key="first-key")).headers["RateLimit-Remaining"])
        assert left < 6000 - 5000


async def test_a_stream_that_must_wait_too_long_ends_with_a_record(serving: Serving) -> None:
    """Where the quota comes back later than a stream may be idle, the last record says so."""
    async with serving(
        api_keys=KEYS, rate_limit_characters_per_minute=60, max_timeout_ms=1000, default_timeout_ms=1000
    ) as client:
        lines = b'{"text":"' + b"x" * 600 + b'"}\n{"text":"y"}\n'
        headers = {"X-API-Key": "first-key", "Content-Type": "application/jsonl"}
        answer = await client.post("/v1/stream?features=sentences", content=lines, headers=headers)
        first, last = answer.text.splitlines()
        assert '"status":"ok"' in first
        assert '"code":"rate_limited"' in last


async def test_a_changed_file_is_read_again(serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new key is let in and a removed one is not, without a restart; a file that is broken changes nothing."""
    monkeypatch.setattr("spanwise.service.keys.key_ring.CHECK_SECONDS", 0.01)
    old, new = new_key(), new_key()
    file = tmp_path / "keys"
    file.write_text(f"# ours\n\n{line_of('acme', old)} requests=100\n")

    async def eventually(key: str, status: int) -> None:
        for _ in range(500):
            if (await get(client, X_API_Key=key)).status_code in (status, 429):
                return
            await anyio.sleep(0.01)
        pytest.fail(f"the answer never became {status}")

    async with serving(api_keys_file=str(file)) as client:
        assert (await get(client, X_API_Key=old)).headers["RateLimit-Remaining"] == "99"
        assert (await get(client, X_API_Key=new)).status_code == 401
        file.write_text(f"{line_of('acme', old)}\n{line_of('acme', new)}\n")
        await eventually(new, 200)
        assert "RateLimit" not in (await get(client, X_API_Key=old)).headers
        file.write_text("nonsense\n")
        await anyio.sleep(0.2)
        assert (await get(client, X_API_Key=new)).status_code == 200
        file.unlink()
        await anyio.sleep(0.2)
        assert (await get(client, X_API_Key=new)).status_code == 200
        (tmp_path / "next").write_text(f"{line_of('acme', new)}\n")
        (tmp_path / "next").rename(file)
        await eventually(old, 401)
        assert (await get(client, X_API_Key=new)).status_code == 200


def test_a_caller_keeps_its_number_and_its_quota_when_its_key_changes(tmp_path: Path) -> None:
    """The keys of one name are one caller, whichever is sent and whenever the file was read."""
    file = tmp_path / "keys"
    file.write_text(f"{line_of('other', 'o')}\n{line_of('acme', 'old')}\n{line_of('acme', 'new')}\n")
    ring = KeyRing([], file, Quota(5, 0))
    old, new = ring.find(b"old"), ring.find(b"new")
    assert old
    assert old == new
    file.write_text(f"{line_of('acme', 'new')}\n")
    ring._table = ring._read()
    assert ring.find(b"new") == old
    assert ring.find(b"old") is None
