"""The RayJob that runs `spanwise bulk` on a cluster: valid, confined, and made of the image that is built for it.

No registry that CI reaches has a schema of KubeRay's kinds, so that the fields in use are listed here as its API has
them (`ray.io/v1`, KubeRay 1.6 and 1.7), and an unknown one is an error. What lies within, the pods, is checked by
Kubernetes' own schema.
"""

import copy
import re
import subprocess
import tomllib
from collections.abc import Iterator
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.deploy.manifests import DEPLOY, ROOT, Manifest, kustomize, kustomize_with, of_kind, quantity, the
from tests.deploy.test_schemas import NEWEST

POD_TEMPLATE = {"type": "object", "required": ["spec"]}
START_PARAMETERS = {"type": "object", "additionalProperties": {"type": "string"}}


def fields(required: tuple[str, ...], **known: Any) -> dict[str, Any]:
    """Return the schema of an object with these fields and no others."""
    return {"type": "object", "properties": known, "required": list(required), "additionalProperties": False}


WHOLE = {"type": "integer", "minimum": 0}
RAY_JOB = fields(
    ("entrypoint", "rayClusterSpec"),
    entrypoint={"type": "string", "minLength": 1},
    submissionMode={"enum": ["K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"]},
    backoffLimit=WHOLE,
    shutdownAfterJobFinishes={"type": "boolean"},
    ttlSecondsAfterFinished=WHOLE,
    submitterPodTemplate=POD_TEMPLATE,
    rayClusterSpec=fields(
        ("headGroupSpec", "rayVersion"),
        rayVersion={"type": "string"},
        authOptions=fields(("mode",), mode={"enum": ["disabled", "token"]}),
        headGroupSpec=fields(("template",), rayStartParams=START_PARAMETERS, template=POD_TEMPLATE),
        workerGroupSpecs={
            "type": "array",
            "minItems": 1,
            "items": fields(
                ("groupName", "template", "minReplicas", "maxReplicas"),
                groupName={"type": "string"},
                replicas=WHOLE,
                minReplicas=WHOLE,
                maxReplicas=WHOLE,
                rayStartParams=START_PARAMETERS,
                template=POD_TEMPLATE,
            ),
        },
    ),
)


@pytest.fixture(scope="module")
def manifests() -> list[Manifest]:
    """Render what `kubectl apply -k deploy/bulk` applies."""
    return kustomize(DEPLOY / "bulk")


@pytest.fixture(scope="module")
def job(manifests: list[Manifest]) -> Manifest:
    """Return the RayJob's spec."""
    return dict(the(manifests, "RayJob")["spec"])


def templates(job: Manifest) -> Iterator[tuple[str, Manifest]]:
    """Yield the pods of a job with their names: submitter, head, workers."""
    yield "submitter", job["submitterPodTemplate"]
    yield "head", job["rayClusterSpec"]["headGroupSpec"]["template"]
    for group in job["rayClusterSpec"]["workerGroupSpecs"]:
        yield group["groupName"], group["template"]


@pytest.mark.parametrize("version", NEWEST)
def test_every_object_is_valid(manifests: list[Manifest], job: Manifest, version: str) -> None:
    """The job has no field that KubeRay does not know, its pods and all other objects none that Kubernetes does not."""
    assert the(manifests, "RayJob")["apiVersion"] == "ray.io/v1"
    jsonschema.validate(job, RAY_JOB)
    for name, template in templates(job):
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name} | template["metadata"],
            "spec": template["spec"],
        }
        kubernetes_validate.validate(pod, version, strict=True)
    for manifest in manifests:
        if manifest["kind"] != "RayJob":
            kubernetes_validate.validate(manifest, version, strict=True)


def test_a_wrong_field_is_found(job: Manifest) -> None:
    """The check would find a misspelt field, in the job and deep in it."""
    for depth in range(3):
        wrong = copy.deepcopy(job)
        jsonschema.validate(wrong, RAY_JOB)
        cluster = wrong["rayClusterSpec"]
        (wrong, cluster, cluster["workerGroupSpecs"][0])[depth]["noSuchField"] = 1
        with pytest.raises(jsonschema.ValidationError, match="noSuchField"):
            jsonschema.validate(wrong, RAY_JOB)


def test_every_pod_meets_the_restricted_standard(manifests: list[Manifest], job: Manifest) -> None:
    """No root, no privilege, no capability, a read-only root, no token, filtered calls; as its namespace enforces."""
    labels = the(manifests, "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert user
    for name, template in templates(job):
        spec = template["spec"]
        context = spec["securityContext"]
        assert context["runAsNonRoot"] is True, name
        assert (context["runAsUser"], context["runAsGroup"]) == (int(user[1]), int(user[2])), name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["serviceAccountName"] == the(manifests, "ServiceAccount")["metadata"]["name"], name
        assert spec["enableServiceLinks"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), name
        (container,) = spec["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name


def test_only_tmp_can_be_written_and_home_is_there(job: Manifest) -> None:
    """Ray writes its sessions below /tmp, a volume of limited size, and the user has a home there."""
    for name, template in templates(job):
        (container,) = template["spec"]["containers"]
        volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
        writable = [mount for mount in container["volumeMounts"] if not mount.get("readOnly")]
        assert [mount["mountPath"] for mount in writable] == ["/tmp"], name
        assert quantity(volumes[writable[0]["name"]]["emptyDir"]["sizeLimit"]) <= quantity("8Gi"), name
        assert {"name": "HOME", "value": "/tmp"} in container["env"], name


def test_resources_are_requested_and_memory_is_limited(job: Manifest) -> None:
    """CPU and memory are requested, memory is limited, and Ray's shared memory fits into the limit."""
    spec = job["rayClusterSpec"]
    groups = [spec["headGroupSpec"], *spec["workerGroupSpecs"]]
    for _, template in templates(job):
        resources = template["spec"]["containers"][0]["resources"]
        assert {"cpu", "memory"} <= resources["requests"].keys()
        assert resources["requests"]["memory"] == resources["limits"]["memory"]
        assert "cpu" not in resources["limits"]
    for group in groups:
        limit = group["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]
        assert int(group["rayStartParams"]["object-store-memory"]) < quantity(limit) / 4
    for group in spec["workerGroupSpecs"]:
        assert group["minReplicas"] == group["replicas"] == group["maxReplicas"]


def test_the_head_analyses_nothing_and_everything_asks_for_a_token(job: Manifest) -> None:
    """Ray gives the head no work, and nobody talks to Ray without the job's token."""
    assert job["rayClusterSpec"]["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    assert job["rayClusterSpec"]["authOptions"] == {"mode": "token"}


def test_a_failed_job_is_tried_again_and_leaves_no_cluster(job: Manifest) -> None:
    """The operator starts a new cluster, where the job goes on, and takes it away at the end."""
    assert job["backoffLimit"] >= 1
    assert job["shutdownAfterJobFinishes"] is True


def test_versions_are_those_of_the_image(job: Manifest) -> None:
    """Ray's version is the locked one, and the image has the version of the project."""
    locked = re.search(r"^ray==(\S+)", (ROOT / "requirements" / "cluster.txt").read_text("utf-8"), re.MULTILINE)
    assert locked
    assert job["rayClusterSpec"]["rayVersion"] == locked[1]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    images = {template["spec"]["containers"][0]["image"] for _, template in templates(job)}
    assert images == {f"spanwise-bulk:{version}"}


def test_every_pod_is_asked_for_its_health(job: Manifest) -> None:
    """The probes ask Ray over HTTP: the image has no wget, which the operator's own probes call in some versions."""
    for name, template in templates(job):
        if name == "submitter":
            continue
        (container,) = template["spec"]["containers"]
        for probe in ("livenessProbe", "readinessProbe"):
            assert container[probe]["httpGet"] == {"path": "/api/healthz", "port": 52365}, name


def test_only_the_job_and_the_operator_come_in(manifests: list[Manifest], job: Manifest) -> None:
    """The policy selects every pod of the job; out go names, TLS and the job's own traffic."""
    policy = the(manifests, "NetworkPolicy")["spec"]
    for name, template in templates(job):
        assert policy["podSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items(), name
    inside = [{"podSelector": policy["podSelector"]}]
    own, operator = policy["ingress"]
    assert own == {"from": inside}
    assert operator["ports"] == [{"protocol": "TCP", "port": 8265}]
    assert [peer["podSelector"]["matchLabels"] for peer in operator["from"]] == [
        {"app.kubernetes.io/name": "kuberay-operator"}
    ]
    assert policy["egress"][0] == {"to": inside}
    assert [rule["ports"][0]["port"] for rule in policy["egress"][1:]] == [53, 443]


@pytest.mark.parametrize(("ended", "told"), [(0, 0), (3, 0), (1, 1), (2, 2), (137, 137)])
def test_rows_with_errors_are_no_failure_of_the_job(manifests: list[Manifest], ended: int, told: int) -> None:
    """The script calls `spanwise bulk` on the cluster; exit code 3 is success for the operator, and no other is."""
    script = the(manifests, "ConfigMap")["data"]["run.sh"]
    stand_in = f'spanwise() {{ printf "%s " "$@"; return {ended}; }}\n'
    run = subprocess.run(["bash", "-c", stand_in + script], capture_output=True, text=True, check=False)
    assert run.returncode == told
    assert run.stdout.startswith("bulk s3://")
    assert "--address auto" in run.stdout


def test_a_site_changes_input_image_and_place_as_the_page_says() -> None:
    """The kustomization of the page renders: another image, more workers, a volume in all pods of Ray."""
    page = (ROOT / "docs" / "how-to" / "bulk-cluster.md").read_text("utf-8")
    (block,) = re.findall(r"^```yaml\n# kustomization.yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    ours = yaml.safe_load(block)
    assert ours.pop("configMapGenerator") == [{"name": "spanwise-bulk", "behavior": "replace", "files": ["run.sh"]}]
    ours["resources"] = ["$DEPLOY/bulk"]
    rendered = kustomize_with(ours)
    spec = the(rendered, "RayJob")["spec"]
    jsonschema.validate(spec, RAY_JOB)
    assert not of_kind(rendered, "PersistentVolumeClaim")
    for name, template in templates(spec):
        (container,) = template["spec"]["containers"]
        assert container["image"].startswith("registry.example.com/nlp/spanwise-bulk:"), name
        if name != "submitter":
            assert {"name": "corpus", "mountPath": "/corpus"} in container["volumeMounts"], name
            assert any(volume["name"] == "corpus" for volume in template["spec"]["volumes"]), name
    assert spec["rayClusterSpec"]["workerGroupSpecs"][0]["replicas"] == 8
