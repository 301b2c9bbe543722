"""Tests of what no schema checks: that the objects fit each other, and the service."""

import math
import re
from pathlib import Path
from typing import Any

import orjson
import promql_parser
import pytest
import yaml
from starlette.routing import Route

from spanwise.service.app import create_app
from spanwise.service.settings import PREFIX, Settings
from tests.deploy.manifests import (
    DEPLOY,
    METRICS,
    Manifest,
    container,
    environment,
    kustomize_with,
    mounted_secrets,
    of_kind,
    pod,
    quantity,
    rendered,
    the,
    walk,
)

SECRETS = {
    "api_keys_file": "acme:sha256:" + "0" * 64,
    "quota_redis_url_file": "redis://redis:6379/0",
}
"""What the files of secrets may hold, by the setting that names the file."""


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    """Return the service's OpenAPI document."""
    made: dict[str, Any] = orjson.loads(orjson.dumps(create_app(Settings()).openapi()))
    return made


def test_every_selector_selects_the_pods(manifests: tuple[Manifest, ...]) -> None:
    """Every selector matches the labels of the pods, and the ServiceMonitor's those of the Service."""
    labels = the(manifests, "Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [the(manifests, "Service")["spec"]["selector"]]
    for kind, field in (
        ("Deployment", "selector"),
        ("PodDisruptionBudget", "selector"),
        ("NetworkPolicy", "podSelector"),
    ):
        selectors += [manifest["spec"][field]["matchLabels"] for manifest in of_kind(manifests, kind)]
    selectors += [
        value["labelSelector"]["matchLabels"] for value in walk(pod(manifests)) if _has(value, "labelSelector")
    ]
    for selector in selectors:
        assert selector
        assert selector.items() <= labels.items()
    for monitor in of_kind(manifests, "ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"]
        assert wanted.items() <= the(manifests, "Service")["metadata"]["labels"].items()


def test_every_port_leads_to_the_container(manifests: tuple[Manifest, ...]) -> None:
    """The Service, the probes, the policies, the monitor, the Ingress and the route name existing ports."""
    (port,) = container(manifests)["ports"]
    (served,) = the(manifests, "Service")["spec"]["ports"]
    assert served["targetPort"] == port["name"]
    probes = [container(manifests)[f"{kind}Probe"]["httpGet"]["port"] for kind in ("startup", "readiness", "liveness")]
    policies = [
        allowed["port"]
        for policy in of_kind(manifests, "NetworkPolicy")
        for rule in policy["spec"].get("ingress", ())
        for allowed in rule["ports"]
    ]
    assert {*probes, *policies} == {port["name"]}
    for monitor in of_kind(manifests, "ServiceMonitor"):
        assert [endpoint["port"] for endpoint in monitor["spec"]["endpoints"]] == [served["name"]]
    for ingress in of_kind(manifests, "Ingress"):
        services = [value["service"] for value in walk(ingress) if _has(value, "service")]
        assert services
        assert all(service == {"name": "spanwise", "port": {"name": served["name"]}} for service in services)
    for route in of_kind(manifests, "HTTPRoute"):
        assert [rule["backendRefs"] for rule in route["spec"]["rules"]] == [
            [{"name": "spanwise", "port": served["port"]}]
        ]


def test_the_container_listens_where_it_is_asked(manifests: tuple[Manifest, ...]) -> None:
    """The container's port is the image's, unless a setting changes it."""
    dockerfile = (DEPLOY.parent / "Dockerfile").read_text("utf-8")
    listens = re.search(r"SPANWISE_PORT=(\d+)", dockerfile)
    assert listens
    port = environment(manifests).get("SPANWISE_PORT", listens[1])
    assert str(container(manifests)["ports"][0]["containerPort"]) == port


def test_probed_paths_exist(manifests: tuple[Manifest, ...], document: dict[str, Any]) -> None:
    """Probes ask paths that exist and need no API key; liveness and readiness ask different ones."""
    paths = {
        kind: container(manifests)[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")
    }
    for path in paths.values():
        assert document["paths"][path]["get"]["security"] == []
    assert paths["liveness"] != paths["readiness"]


def test_exposed_paths_exist(manifests: tuple[Manifest, ...], document: dict[str, Any]) -> None:
    """The Ingress and the route expose the API and the pages with all of their files, and no probe or metrics."""
    ingress = [value for value in walk(of_kind(manifests, "Ingress")) if _has(value, "pathType")]
    route = [value for value in walk(of_kind(manifests, "HTTPRoute")) if _has(value, "value") and _has(value, "type")]
    for rules in (
        [(rule["path"], rule["pathType"] == "Exact") for rule in ingress],
        [(rule["value"], rule["type"] == "Exact") for rule in route],
    ):
        if not rules:
            continue

        def passes(path: str, rules: list[tuple[str, bool]] = rules) -> bool:
            """Say whether a request gets through: prefixes are compared element by element."""
            return any(path == rule or (not exact and path.startswith(f"{rule}/")) for rule, exact in rules)

        pages = [known.path for known in create_app(Settings()).routes if isinstance(known, Route)]
        assert {"/", "/docs", "/docs/swagger-ui.css", "/page/app.js"} <= set(pages)
        for path in [*document["paths"], *pages]:
            assert passes(path) == (path not in ("/livez", "/readyz", "/metrics")), path


def test_every_variable_is_a_setting_with_a_valid_value(manifests: tuple[Manifest, ...], tmp_path: Path) -> None:
    """Every variable is a setting with a valid value, or OpenTelemetry's; an unknown setting would stop the service."""
    variables = {name: text for name, text in environment(manifests).items() if not name.startswith("OTEL_")}
    assert all(name.startswith(PREFIX) for name in variables)
    assert {name.removeprefix(PREFIX).lower() for name in variables} <= Settings.model_fields.keys()
    texts = {name.removeprefix(PREFIX).lower(): text for name, text in variables.items() if isinstance(text, str)}
    for name in texts:
        if name.endswith("_file"):
            file = tmp_path / name
            file.write_text(SECRETS[name], "utf-8")
            texts[name] = str(file)
    Settings.model_validate(texts)


def test_every_secret_file_is_mounted(manifests: tuple[Manifest, ...]) -> None:
    """Each secret's file lies in the folder of a Secret that must exist, and that only the service's group may read."""
    folders = mounted_secrets(manifests)
    files = [text for name, text in environment(manifests).items() if name.endswith("_FILE")]
    assert {path.rpartition("/")[0] for path in files} == set(folders)
    for secret in folders.values():
        assert secret["defaultMode"] == 0o440
        assert not secret.get("optional", False)
        assert "items" not in secret
    assert pod(manifests)["securityContext"]["fsGroup"] == pod(manifests)["securityContext"]["runAsUser"]
    assert all("subPath" not in mount for mount in container(manifests)["volumeMounts"]), "it would never be renewed"


def test_threads_are_the_requested_cores(manifests: tuple[Manifest, ...]) -> None:
    """The NLP threads are the requested cores, rounded up; the service would otherwise count the node's cores."""
    requested = container(manifests)["resources"]["requests"]["cpu"]
    workers = int(environment(manifests).get("SPANWISE_WORKERS", "1"))
    if "nlp_threads" not in Settings.model_fields:
        assert math.ceil(quantity(requested)) == workers, "a worker has one NLP thread"
        return
    source = environment(manifests).get("SPANWISE_NLP_THREADS")
    assert source, "the Deployment must set SPANWISE_NLP_THREADS, from resourceFieldRef requests.cpu"
    assert source == {"resourceFieldRef": {"containerName": container(manifests)["name"], "resource": "requests.cpu"}}
    assert workers == 1


def test_a_drain_has_time_to_end(manifests: tuple[Manifest, ...]) -> None:
    """The preStop wait, the drain and its last second end before the kubelet kills the container."""
    waits = container(manifests)["lifecycle"]["preStop"]["sleep"]["seconds"]
    drains = float(environment(manifests)["SPANWISE_SHUTDOWN_SECONDS"])
    assert pod(manifests)["terminationGracePeriodSeconds"] >= waits + drains + 5


def test_a_pod_is_out_of_the_service_before_it_refuses(manifests: tuple[Manifest, ...]) -> None:
    """The preStop wait lasts at least as long as Kubernetes takes to notice that a pod is not ready."""
    readiness = container(manifests)["readinessProbe"]
    waits = container(manifests)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert waits >= readiness["periodSeconds"] * readiness["failureThreshold"]


def test_liveness_is_more_patient_than_a_batch(manifests: tuple[Manifest, ...]) -> None:
    """A busy replica becomes unready long before it would be restarted."""
    liveness = container(manifests)["livenessProbe"]
    readiness = container(manifests)["readinessProbe"]
    assert liveness["periodSeconds"] * liveness["failureThreshold"] >= 60
    assert liveness["failureThreshold"] > readiness["failureThreshold"]


def test_an_autoscaler_owns_the_number_of_replicas(manifests: tuple[Manifest, ...]) -> None:
    """One autoscaler scales the existing Deployment, which sets no `replicas` then, and sets them without one."""
    deployment = the(manifests, "Deployment")
    scalers = of_kind(manifests, "HorizontalPodAutoscaler")
    events = of_kind(manifests, "ScaledObject")
    assert len(scalers) + len(events) == ("replicas" not in deployment["spec"])
    for scaler in scalers:
        assert 2 <= scaler["spec"]["minReplicas"] <= scaler["spec"]["maxReplicas"]
    for scaler in events:
        assert scaler["spec"]["minReplicaCount"] == 0 < scaler["spec"]["maxReplicaCount"]
    for scaler in (*scalers, *events):
        assert scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]


def test_a_start_is_seen_within_a_second(manifests: tuple[Manifest, ...]) -> None:
    """The startup probe asks every second, and for two minutes, so that a slow node is no reason to restart."""
    startup = container(manifests)["startupProbe"]
    assert startup["periodSeconds"] == 1
    assert startup.get("initialDelaySeconds", 0) == 0
    assert startup["failureThreshold"] >= 120


def test_it_scales_up_faster_than_down(production: tuple[Manifest, ...]) -> None:
    """The autoscaler scales up at once, and down slowly."""
    behavior = the(production, "HorizontalPodAutoscaler")["spec"]["behavior"]
    assert behavior["scaleUp"]["stabilizationWindowSeconds"] == 0
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] >= 300
    assert behavior["scaleDown"]["selectPolicy"] == "Min"


def test_the_budget_leaves_room_for_a_rollout(manifests: tuple[Manifest, ...]) -> None:
    """Nodes can be drained even at the minimum of replicas, and a rollout never goes below it."""
    for budget in of_kind(manifests, "PodDisruptionBudget"):
        scalers = of_kind(manifests, "HorizontalPodAutoscaler")
        replicas = scalers[0]["spec"]["minReplicas"] if scalers else 2
        assert 1 <= budget["spec"]["maxUnavailable"] < replicas
        assert "minAvailable" not in budget["spec"]
    rollout = the(manifests, "Deployment")["spec"]["strategy"]["rollingUpdate"]
    assert (rollout["maxSurge"], rollout["maxUnavailable"]) == (1, 0)


def test_everything_is_in_one_namespace(manifests: tuple[Manifest, ...]) -> None:
    """Every object is in the namespace that the manifests create."""
    namespace = the(manifests, "Namespace")["metadata"]["name"]
    assert {manifest["metadata"].get("namespace", namespace) for manifest in manifests} == {namespace}


def test_production_is_spread(production: tuple[Manifest, ...]) -> None:
    """Pods are spread over zones and nodes, and still scheduled if there is only one."""
    spread = {rule["topologyKey"]: rule["whenUnsatisfiable"] for rule in pod(production)["topologySpreadConstraints"]}
    assert spread == {"topology.kubernetes.io/zone": "ScheduleAnyway", "kubernetes.io/hostname": "ScheduleAnyway"}
    assert "podAntiAffinity" in pod(production)["affinity"]


def test_proxies_take_what_the_service_takes(manifests: tuple[Manifest, ...]) -> None:
    """The Ingress and the route allow bodies as large and requests as long as the service does."""
    settings = Settings()
    for ingress in of_kind(manifests, "Ingress"):
        notes = {name.partition("/")[2]: text for name, text in ingress["metadata"]["annotations"].items()}
        assert int(notes["proxy-body-size"].removesuffix("m")) * 2**20 == settings.max_body_bytes
        assert int(notes["proxy-read-timeout"]) * 1000 >= settings.max_timeout_ms
    for route in of_kind(manifests, "HTTPRoute"):
        (rule,) = route["spec"]["rules"]
        assert int(rule["timeouts"]["request"].removesuffix("s")) * 1000 >= settings.max_timeout_ms


def metrics_named_in(*values: Any) -> set[str]:
    """Return the service's metrics that are named in any text of these values."""
    texts = [text for text in walk(list(values)) if isinstance(text, str)]
    return {name.removesuffix("_bucket") for text in texts for name in re.findall(r"\bspanwise_[a-z_]+", text)}


def test_manifests_rely_on_known_metrics_alone(manifests: tuple[Manifest, ...]) -> None:
    """The manifests name only metrics that the docs have, which other tests compare with a live `/metrics`."""
    page = (DEPLOY.parent / "docs" / "reference" / "metrics.md").read_text("utf-8")
    assert metrics_named_in(*manifests) <= set(re.findall(r"^\| `(spanwise_\w+)", page, re.MULTILINE))


def test_the_metrics_that_autoscalers_rely_on_are_looked_for() -> None:
    """The list that the image's tests compare with a live `/metrics` holds all that any autoscaler asks for."""
    adapter = (DEPLOY / "components" / "queue-autoscaling" / "prometheus-adapter-values.yaml").read_text("utf-8")
    queue = the(rendered(("production", ("queue-autoscaling",))), "HorizontalPodAutoscaler")
    events = the(rendered(("production", ("keda",))), "ScaledObject")
    assert metrics_named_in(adapter, queue, events) == set(METRICS)


def test_event_queries_ask_for_their_own_namespace() -> None:
    """Each query of the ScaledObject counts the pods of its own namespace alone, and parses."""
    manifests = rendered(("production", ("keda",)))
    namespace = the(manifests, "Namespace")["metadata"]["name"]
    triggers = the(manifests, "ScaledObject")["spec"]["triggers"]
    queries = [trigger["metadata"]["query"] for trigger in triggers if trigger["type"] == "prometheus"]
    assert len(queries) == 4
    for query in queries:
        promql_parser.parse(query)
        assert f'namespace="{namespace}"' in query


def test_every_alert_is_a_query_and_says_what_is_wrong() -> None:
    """Every alert's expression parses, and every alert has a severity, a summary and a description."""
    rules = the(rendered(("production", ("monitoring",))), "PrometheusRule")
    alerts = [rule for group in rules["spec"]["groups"] for rule in group["rules"]]
    assert alerts
    for alert in alerts:
        promql_parser.parse(alert["expr"])
        assert alert["labels"]["severity"] in ("warning", "critical")
        assert alert["annotations"].keys() == {"summary", "description", "runbook"}
    with pytest.raises(ValueError, match="parenthesis"):
        promql_parser.parse("avg by (job (spanwise_queue_characters)")


def test_both_signals_scale_together() -> None:
    """One autoscaler scales by both the CPU and the queue; two autoscalers would work against each other."""
    made = kustomize_with(
        {"resources": ["$DEPLOY/overlays/production"], "components": ["$DEPLOY/components/queue-autoscaling"]}
    )
    metrics = the(made, "HorizontalPodAutoscaler")["spec"]["metrics"]
    assert [metric["type"] for metric in metrics] == ["Resource", "Pods"]


def test_a_site_pins_the_image_by_digest() -> None:
    """The kustomization that the docs show sets registry, tag and digest of the image, adds a setting, and builds."""
    page = (DEPLOY.parent / "docs" / "how-to" / "deploy.md").read_text("utf-8")
    example = re.search(r"```yaml\n# kustomization.yaml\n(.*?)```", page, re.DOTALL)
    assert example
    kustomization = yaml.safe_load(example[1].replace("../spanwise/deploy", "$DEPLOY"))
    made = kustomize_with(kustomization)
    digest = kustomization["images"][0]["digest"]
    assert container(made)["image"] == f"registry.example.com/nlp/spanwise:0.1.0@{digest}"
    assert the(made, "Ingress")["spec"]["rules"][0]["host"] == "nlp.example.org"
    assert the(made, "ServiceMonitor")
    variables = environment(made)
    assert variables["SPANWISE_MAX_TEXT_CHARACTERS"] == "50000"
    assert variables["SPANWISE_SHUTDOWN_SECONDS"] == "25", "the settings of the base stay"


def test_a_site_changes_how_events_scale() -> None:
    """The patch that the docs show reaches the least number of replicas and every query's Prometheus."""
    page = (DEPLOY.parent / "docs" / "how-to" / "deploy.md").read_text("utf-8")
    example = re.search(r"```yaml\n# of your kustomization.yaml\n(.*?)```", page, re.DOTALL)
    assert example
    made = kustomize_with(
        {"resources": ["$DEPLOY/overlays/production"], "components": ["$DEPLOY/components/keda"]}
        | yaml.safe_load(example[1])
    )
    spec = the(made, "ScaledObject")["spec"]
    assert spec["minReplicaCount"] == 1
    servers = {trigger["metadata"].get("serverAddress") for trigger in spec["triggers"] if trigger["type"] != "cpu"}
    assert servers == {"http://prometheus.observability.svc:9090"}


def _has(value: Any, field: str) -> bool:
    return isinstance(value, dict) and field in value
