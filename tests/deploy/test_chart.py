"""Tests of the Helm chart: it renders what kustomize renders, and refuses values that it does not understand."""

import copy
import hashlib
import json
import re
import tarfile
import tomllib
from operator import itemgetter
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.deploy.chart import CHART, COMPONENTS, helm, named, template, templated
from tests.deploy.manifests import COMPONENTS as FOLDERS
from tests.deploy.manifests import DEPLOY, ROOT, Manifest, Variant, container, environment, of_kind, pod, the, walk
from tests.deploy.test_schemas import CUSTOM, NEWEST

VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text("utf-8"))
PAGE = ROOT / "docs" / "how-to" / "helm.md"
HELMS_LABELS = ("app.kubernetes.io/managed-by", "helm.sh/chart")
CHECKSUM = "checksum/settings"
_HASHED = re.compile(r"\b(spanwise-settings)-[a-z0-9]{10}\b")


def as_kustomize(manifests: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
    """Take out what Helm's objects have besides: two labels, and the annotation that rolls out changed settings."""
    made = copy.deepcopy(manifests)
    for manifest in made:
        for label in HELMS_LABELS:
            assert manifest["metadata"]["labels"].pop(label)
    assert the(made, "Deployment")["spec"]["template"]["metadata"]["annotations"].pop(CHECKSUM)
    return made


def as_helm(manifests: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
    """Take out what kustomize's objects have besides: the namespace, and the hash that rolls out changed settings."""
    text = _HASHED.sub(r"\1", json.dumps([one for one in manifests if one["kind"] != "Namespace"]))
    return tuple(json.loads(text))


def in_order(manifests: dict[tuple[str, str], Manifest]) -> dict[tuple[str, str], Manifest]:
    """Sort the lists that Kubernetes merges by a name, whose order says nothing."""
    for value in walk(manifests):
        if isinstance(value, dict):
            for field, key in (("env", "name"), ("volumes", "name"), ("volumeMounts", "mountPath")):
                if field in value:
                    value[field] = sorted(value[field], key=itemgetter(key))
    return manifests


def test_the_chart_renders_what_kustomize_renders(variant: Variant, manifests: tuple[Manifest, ...]) -> None:
    """Every object is there under the same name, and is equal in every field."""
    ours, theirs = in_order(named(as_kustomize(templated(variant)))), in_order(named(as_helm(manifests)))
    assert ours.keys() == theirs.keys()
    for name, manifest in theirs.items():
        assert ours[name] == manifest


def test_every_component_has_a_value() -> None:
    """Each component of kustomize has a value of the chart, so that the comparison above leaves none out."""
    assert COMPONENTS.keys() == set(FOLDERS)


@pytest.mark.parametrize("values", ["values.yaml", "values-development.yaml"])
def test_helm_finds_nothing_wrong(values: str) -> None:
    """`helm lint --strict` has nothing to say but that there is no icon."""
    said = helm("lint", "--strict", CHART, "--values", CHART / values)
    assert re.findall(r"^\[(\w+)\] (.*)$", said.stdout, re.MULTILINE) == [("INFO", "Chart.yaml: icon is recommended")]


def test_its_version_is_the_projects() -> None:
    """The chart and its image have the version of the project."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert (chart["version"], chart["appVersion"]) == (version, version)


def paths(value: Any, schema: dict[str, Any], where: str = "") -> list[tuple[str, Any, dict[str, Any]]]:
    """Return every value that the schema describes, with its path and its part of the schema."""
    found = [(where, value, schema)]
    for name, part in schema.get("properties", {}).items():
        if isinstance(value, dict) and name in value:
            found += paths(value[name], part, f"{where}.{name}".lstrip("."))
    return found


def test_the_schema_describes_every_value() -> None:
    """Each value has a place in the schema with a description and a type, and the schema has no place more."""
    described = {where for where, _, _ in paths(VALUES, SCHEMA)}
    for where, value, schema in paths(VALUES, SCHEMA):
        if where in ("", "resources.requests", "resources.limits") or where.startswith("settings."):
            continue
        assert schema["description"], where
        assert "type" in schema or "enum" in schema, where
        if isinstance(value, dict) and schema.get("additionalProperties") is False and where != "settings":
            assert value.keys() == schema["properties"].keys(), where
    assert set(VALUES) <= described
    assert set(SCHEMA["properties"]) - set(VALUES) == {"global"}
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(VALUES, SCHEMA)


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ("--set=aproxy=1", "additional properties 'aproxy' not allowed"),
        ("--set=image.tga=1", "additional properties 'tga' not allowed"),
        ("--set=settings.SPANWISE_WORKERS=2", "got number, want string"),
        ("--set-string=settings.WORKERS=2", "additional properties 'WORKERS' not allowed"),
        ("--set-string=settings.SPANWISE_API_KEYS=secret", "at '/settings/SPANWISE_API_KEYS': false schema"),
        ("--set=image.digest=sha256:1", "/image/digest"),
        ("--set=autoscaling.minReplicas=1", "/autoscaling/minReplicas"),
        ("--set-string=traces.ratio=2", "/traces/ratio"),
        ("--set=terminationGracePeriodSeconds=20", "terminationGracePeriodSeconds must be at least 35"),
        ("--set-string=settings.SPANWISE_SHUTDOWN_SECONDS=60", "terminationGracePeriodSeconds must be at least 70"),
        ("--set=sharedQuotas.enabled=true,apiKeys.secret=", "sharedQuotas needs apiKeys.secret"),
        ("--set=resources.limits.memory=null", "missing property 'memory'"),
    ],
)
def test_a_wrong_value_is_refused_before_anything_is_applied(option: str, complaint: str) -> None:
    """Helm refuses what the chart does not know, and what cannot work, and says where."""
    said = helm("template", "spanwise", CHART, option, check=False)
    assert said.returncode != 0
    assert complaint in said.stderr


def test_another_release_has_names_of_its_own() -> None:
    """Two releases in one namespace share no name, no selector and no object."""
    options = [
        option
        for value in COMPONENTS.values()
        for option in ("--set-string" if "=true" not in value else "--set", value)
    ]
    first, second = (template("spanwise", options, release) for release in ("spanwise", "nlp"))
    assert not named(first).keys() & named(second).keys()
    assert {name for _, name in named(second)} == {
        name.replace("spanwise", "nlp-spanwise", 1) for _, name in named(first)
    }
    (selects,) = (the(second, kind)["spec"]["selector"] for kind in ("Service",))
    assert selects == the(second, "Deployment")["spec"]["selector"]["matchLabels"]
    assert not selects.items() <= the(first, "Deployment")["spec"]["template"]["metadata"]["labels"].items()
    assert the(second, "ScaledObject")["spec"]["scaleTargetRef"]["name"] == "nlp-spanwise"


def test_alerts_find_a_release_by_any_name() -> None:
    """Prometheus' label `job` comes from a label of the Service that is `spanwise` in every release."""
    made = template("spanwise", ["--set", "monitoring.enabled=true"], "nlp")
    label = the(made, "ServiceMonitor")["spec"]["jobLabel"]
    assert the(made, "Service")["metadata"]["labels"][label] == "spanwise"
    jobs = set(re.findall(r'job="(\w+)"', json.dumps(the(made, "PrometheusRule")).replace('\\"', '"')))
    assert jobs == {"spanwise"}


def test_a_changed_setting_rolls_out() -> None:
    """The pods' annotation changes with the settings, and with nothing else."""

    def checksum(*options: str) -> str:
        made = the(template("spanwise", options), "Deployment")
        return str(made["spec"]["template"]["metadata"]["annotations"][CHECKSUM])

    unchanged = checksum()
    assert checksum("--set", "image.tag=9.9.9") == unchanged
    assert checksum("--set-string", "settings.SPANWISE_MAX_STREAMS=64") != unchanged
    assert (
        unchanged
        == hashlib.sha256(json.dumps(VALUES["settings"], separators=(",", ":"), sort_keys=True).encode()).hexdigest()
    )


def test_it_takes_what_the_chart_does_not_know() -> None:
    """Variables, volumes, labels and places of a site's own reach the pods, beside those of the chart."""
    values: dict[str, Any] = {
        "extraEnv": [{"name": "SPANWISE_PIPELINES", "value": "fr=/pipelines/fr"}],
        "extraVolumes": [{"name": "pipelines", "persistentVolumeClaim": {"claimName": "pipelines"}}],
        "extraVolumeMounts": [{"name": "pipelines", "mountPath": "/pipelines", "readOnly": True}],
        "podAnnotations": {"a": "b"},
        "podLabels": {"team": "nlp"},
        "nodeSelector": {"pool": "cpu"},
        "tolerations": [{"key": "cpu", "operator": "Exists"}],
        "priorityClassName": "high",
        "imagePullSecrets": [{"name": "registry"}],
        "image": {"digest": "sha256:" + "0" * 64},
        "networkPolicy": {"from": [{"namespaceSelector": {"matchLabels": {"team": "search"}}}]},
    }
    made = template("spanwise", [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()])
    assert environment(made)["SPANWISE_PIPELINES"] == "fr=/pipelines/fr"
    assert environment(made)["SPANWISE_API_KEYS_FILE"]
    assert values["extraVolumes"][0] in pod(made)["volumes"]
    assert values["extraVolumeMounts"][0] in container(made)["volumeMounts"]
    assert container(made)["image"] == f"spanwise:0.1.0@{values['image']['digest']}"
    for field in ("nodeSelector", "tolerations", "priorityClassName", "imagePullSecrets"):
        assert pod(made)[field] == values[field]
    labels = the(made, "Deployment")["spec"]["template"]["metadata"]
    assert labels["labels"]["team"] == "nlp"
    assert labels["annotations"]["a"] == "b"
    assert len(the(made, "NetworkPolicy")["spec"]["ingress"][0]["from"]) == 2
    for manifest in made:
        kubernetes_validate.validate(manifest, NEWEST[-1], strict=True)


def test_what_is_switched_off_is_not_there() -> None:
    """Without autoscaler, budget, policies and keys there is a Deployment of fixed size, which all may call."""
    off = [f"--set={name}.enabled=false" for name in ("autoscaling", "podDisruptionBudget", "networkPolicy")]
    made = template("spanwise", [*off, "--set=apiKeys.secret=,replicas=5"])
    assert sorted(one["kind"] for one in made) == ["ConfigMap", "Deployment", "Service", "ServiceAccount"]
    assert the(made, "Deployment")["spec"]["replicas"] == 5
    assert not [name for name in environment(made) if "API_KEYS" in name]
    assert not [one for one in made if one["apiVersion"] in CUSTOM]


def test_a_package_holds_what_the_links_name(tmp_path: Path) -> None:
    """The chart's package renders as the folder does, alerts and dashboard included, which are links to one source."""
    helm("package", CHART, "--destination", tmp_path)
    (archive,) = tmp_path.iterdir()
    with tarfile.open(archive) as package:
        assert not [member.name for member in package if member.issym() or member.islnk()]
    options = ["--namespace", "spanwise", "--set", "monitoring.enabled=true"]
    packed = helm("template", "spanwise", archive, *options).stdout
    assert packed == helm("template", "spanwise", CHART, *options).stdout
    assert the(list(yaml.safe_load_all(packed)), "PrometheusRule")["spec"]["groups"]


def test_the_examples_of_the_docs_are_values() -> None:
    """Every block of values that the page shows renders; so does what its commands set."""
    page = PAGE.read_text("utf-8")
    blocks = re.findall(r"```yaml\n# values.yaml\n(.*?)```", page, re.DOTALL)
    assert blocks
    for block in blocks:
        values = yaml.safe_load(block)
        jsonschema.validate(values, SCHEMA)
        options = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
        assert of_kind(template("spanwise", options), "Deployment")
    commands = re.findall(r"^\$ helm .*$", page, re.MULTILINE)
    assert commands
    for command in commands:
        for path in re.findall(r"deploy/helm/\S+", command):
            assert (DEPLOY.parent / path).exists(), command
        for option in re.findall(r"--set(?:-string)? \S+", command):
            assert template("spanwise", option.split(" "))


def test_the_docs_list_every_value() -> None:
    """The page's table has the values of the first level, in their order."""
    rows = re.findall(r"^\| `(\w+)(?:\.[^`]*)?` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == list(VALUES)
