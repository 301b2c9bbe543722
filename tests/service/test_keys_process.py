"""Keys of a real service: several workers share a quota, and nothing but good keys opens it."""

import subprocess
import time
from pathlib import Path

import httpx
import pytest

from spanwise.service.keys.key_lines import line_of, new_key
from tests.support.process import SPANWISE, environment, service

pytestmark = pytest.mark.process


@pytest.mark.parametrize("value", ["", ",", " ", " , ,"])
@pytest.mark.parametrize("way", ["variable", "file"])
def test_keys_that_are_none_refuse_to_start(tmp_path: Path, value: str, way: str) -> None:
    """A variable that is set and empty, as from an empty Secret, does not open the service to everybody."""
    settings = tmp_path / "settings"
    settings.write_text(f'SPANWISE_API_KEYS="{value}"\n')
    changed = environment(api_keys=value) if way == "variable" else environment(env_file=str(settings))
    done = subprocess.run([SPANWISE, "serve"], env=changed, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert b"SPANWISE_API_KEYS: it is set and holds no key" in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("content", [None, "", "# none\n", "plain-key\n"])
def test_a_file_without_keys_refuses_to_start(tmp_path: Path, content: str | None) -> None:
    """So do a file of keys that is missing, empty or broken."""
    file = tmp_path / "keys"
    if content is not None:
        file.write_text(content)
    done = subprocess.run(
        [SPANWISE, "serve"], env=environment(api_keys_file=str(file)), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert str(file).encode() in done.stderr
    assert b"plain-key" not in done.stderr


def test_workers_share_a_quota_and_keys_rotate_without_a_restart(tmp_path: Path) -> None:
    """Two workers let in as many requests as one would, and both learn of a key that replaces another.

    The file lies behind a symbolic link to a folder, which is exchanged, as Kubernetes mounts Secrets.
    """
    old, new = new_key(), new_key()

    def publish(version: str, *lines: str) -> None:
        folder = tmp_path / version
        folder.mkdir()
        (folder / "keys").write_text("".join(f"{line}\n" for line in lines))
        (tmp_path / "..new").symlink_to(folder)
        (tmp_path / "..new").rename(tmp_path / "..data")

    publish("v1", f"{line_of('acme', old)} requests=40", line_of("other", "another key of twenty letters"))
    file = tmp_path / "keys"
    file.symlink_to("..data/keys")

    def ask(key: str) -> httpx.Response:
        return httpx.get(f"{running.url}/v1/pipelines", headers={"X-API-Key": key})  # a connection of its own

    with service(environment(api_keys_file=str(file), workers="2")) as running:
        started = time.monotonic()
        statuses = [ask(old).status_code for _ in range(80)]
        came_back = 1 + 40 * (time.monotonic() - started) / 60
        assert 40 <= statuses.count(200) <= 40 + came_back
        assert statuses.count(429) == 80 - statuses.count(200)
        pids = {line["pid"] for line in running.lines(lambda line: line["event"] == "request") if "pid" in line}
        assert not pids or len(pids) == 2
        publish("v2", line_of("acme", new))
        both = running.lines(lambda line: line["event"] == "api_keys_reloaded")
        while len(both) < 2:
            both = running.lines(lambda line: line["event"] == "api_keys_reloaded")
            assert time.monotonic() - started < 100
            time.sleep(0.1)
        assert both[0]["names_removed"] == ["other"]
        assert {ask(new).status_code for _ in range(10)} == {200}
        assert {ask(old).status_code for _ in range(10)} == {401}
        assert not [line for line in running.log if old in str(line) or new in str(line)]
