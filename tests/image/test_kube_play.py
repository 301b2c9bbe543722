"""Tests of the production Deployment, as kustomize renders it and `podman kube play` runs it, with limits enforced.

podman publishes the pod's port, so the pod gets a network namespace of its own, and requests are sent from inside it.
podman runs no probes; the tests send the requests that the kubelet would. Podman 4.3 mounts Secrets without decoding
them, and so a folder of the host stands in for the Secret of the keys.
"""

import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.deploy import manifests as deploy
from tests.image.podman import ENVIRONMENT, IMAGE, MEMORY_MIB, PATIENCE_SECONDS, Container, inspect, podman

KEY = "a-key-of-the-tests"
_ASK = """
import http.client, json, sys
method, path, headers, body = json.loads(sys.argv[1])
connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=10)
try:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    print(json.dumps([answer.status, answer.read().decode()]))
except OSError:
    print(json.dumps([0, ""]))
"""


class Pod:
    """A running pod, and the network namespace in which it can be reached."""

    def __init__(self, namespace: int, name: str, rendered: tuple[deploy.Manifest, ...]) -> None:
        self.container = Container(name, "")
        self.manifests = rendered
        self._enter = ["nsenter", f"--net=/proc/{namespace}/ns/net"]

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        """Send a request; return the status and body of the answer, or status 0 without an answer."""
        request = json.dumps([method, path, {"Content-Type": "application/json", **headers}, json.dumps(body)])
        run = subprocess.check_output([*self._enter, sys.executable, "-I", "-c", _ASK, request], text=True)
        status, text = json.loads(run)
        return status, text


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pod]:
    """Render the Deployment for the image under test, run it, and wait until it is ready."""
    name, _, tag = IMAGE.rpartition(":")
    image = {"name": "spanwise", "newName": name, "newTag": tag}
    rendered = deploy.kustomize_with({"resources": ["$DEPLOY/overlays/production"], "images": [image]})
    played = [manifest for manifest in rendered if manifest["kind"] in ("ConfigMap", "Deployment")]
    keys = tmp_path_factory.mktemp("keys")
    (keys / "api-keys").write_text(f"tests:sha256:{hashlib.sha256(KEY.encode()).hexdigest()}\n", "utf-8")
    for path, mode in ((keys, 0o755), (keys / "api-keys", 0o644)):
        path.chmod(mode)
    for volume in deploy.pod(played)["volumes"]:
        if volume["name"] == "api-keys":
            del volume["secret"]
            volume["hostPath"] = {"path": str(keys), "type": "Directory"}
    holder = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep 600"], stdout=-1
    )
    enter = ["nsenter", f"--net=/proc/{holder.pid}/ns/net", "podman"]

    def run(*arguments: str, stdin: str, check: bool = True) -> None:
        done = subprocess.run(
            [*enter, *arguments], input=stdin, env=ENVIRONMENT, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0 or not check, done.stderr

    try:
        assert holder.stdout
        assert holder.stdout.readline() == b"up\n"
        run("kube", "play", "-", stdin=yaml.safe_dump_all(played))
        pod = Pod(holder.pid, "spanwise-pod-0-spanwise", tuple(rendered))
        path = deploy.container(rendered)["startupProbe"]["httpGet"]["path"]
        _wait_until_ready(pod, path)
        yield pod
    finally:
        run("kube", "down", "-", stdin=yaml.safe_dump_all(played), check=False)
        holder.kill()
        holder.communicate()


def _wait_until_ready(pod: Pod, path: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if pod.ask("GET", path)[0] == 200:
            return
        time.sleep(0.2)
    raise AssertionError("the pod never became ready")


@pytest.mark.parametrize("probe", ["startup", "readiness", "liveness"])
def test_every_probe_passes(pod: Pod, probe: str) -> None:
    """Every probe passes on the path and the port that the manifest names."""
    (port,) = deploy.container(pod.manifests)["ports"]
    assert port["containerPort"] == 8000
    path = deploy.container(pod.manifests)[f"{probe}Probe"]["httpGet"]["path"]
    assert pod.ask("GET", path)[0] == 200


def test_its_settings_arrive(pod: Pod) -> None:
    """The settings of the ConfigMap and the mounted keys arrive: a request without a key is refused."""
    body = {"text": "Tim Cook loved Paris."}
    assert pod.ask("POST", "/v1/entities", body)[0] == 401
    status, answer = pod.ask("POST", "/v1/entities", body, **{"X-API-Key": KEY})
    assert status == 200
    assert [entity["text"] for entity in json.loads(answer)["entities"]] == ["Tim Cook", "Paris"]


def test_its_security_context_is_enforced(pod: Pod) -> None:
    """The kernel enforces user, capabilities, system call filter and read-only root."""
    context = deploy.pod(pod.manifests)["securityContext"]
    assert set(pod.container.status("Uid").split()) == {str(context["runAsUser"])}
    assert set(pod.container.status("Gid").split()) == {str(context["runAsGroup"])}
    for kind in ("CapPrm", "CapEff", "CapBnd"):
        assert int(pod.container.status(kind), 16) == 0, kind
    assert pod.container.status("NoNewPrivs") == "1"
    assert pod.container.status("Seccomp") == "2"
    assert "Read-only" in podman("exec", pod.container.name, "sh", "-c", "touch /x 2>&1 || true")
    podman("exec", pod.container.name, "touch", "/tmp/x")


def test_its_memory_limit_is_the_one_that_was_tested(pod: Pod) -> None:
    """The kernel's memory limit is the manifest's, which is the limit of the other tests too."""
    limit = int(deploy.quantity(deploy.container(pod.manifests)["resources"]["limits"]["memory"]))
    assert limit == MEMORY_MIB * 2**20
    assert int(pod.container.cgroup("memory/memory.limit_in_bytes", "memory.max")) == limit


def test_the_metrics_that_manifests_rely_on_are_there(pod: Pod) -> None:
    """Every metric that manifests rely on is in the answer that Prometheus would read."""
    status, text = pod.ask("GET", "/metrics")
    if status == 404:
        pytest.skip("this version of the service has no /metrics")
    assert status == 200
    names = set(re.findall(r"^([a-zA-Z_:][\w:]*)", text, re.MULTILINE))
    assert set(deploy.METRICS) <= names


def test_it_stops_within_its_grace_period(pod: Pod) -> None:
    """The pod stops with exit code 0 within its grace period. This test comes last, because the others need the pod."""
    grace = deploy.pod(pod.manifests)["terminationGracePeriodSeconds"]
    podman("stop", "--time", str(grace), pod.container.name)
    assert inspect(pod.container.name)["State"]["ExitCode"] == 0
