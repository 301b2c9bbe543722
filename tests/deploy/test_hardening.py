"""Tests of the Pod Security Standard `restricted`, point by point, and of confinement beyond it."""

import re
import tomllib

from tests.deploy.manifests import (
    ROOT,
    Manifest,
    Variant,
    container,
    environment,
    mounted_secrets,
    of_kind,
    pod,
    quantity,
    the,
    walk,
)


def test_no_root(manifests: tuple[Manifest, ...]) -> None:
    """The pod does not run as root: its user is the number that the Dockerfile names."""
    user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert user
    context = pod(manifests)["securityContext"]
    assert context["runAsNonRoot"] is True
    assert (context["runAsUser"], context["runAsGroup"]) == (int(user[1]), int(user[2]))
    assert not {"runAsUser", "runAsGroup", "runAsNonRoot"} & container(manifests)["securityContext"].keys()


def test_no_privilege_and_no_way_to_one(manifests: tuple[Manifest, ...]) -> None:
    """The container has no capability, cannot escalate its privileges and is not privileged."""
    context = container(manifests)["securityContext"]
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert not context.get("privileged", False)


def test_system_calls_are_filtered(manifests: tuple[Manifest, ...]) -> None:
    """System calls are filtered by the container runtime's own profile."""
    assert pod(manifests)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_nothing_of_the_host_is_reachable(manifests: tuple[Manifest, ...]) -> None:
    """The pod uses no namespace, port or path of the node and no sysctl, and only volumes that `restricted` allows."""
    spec = pod(manifests)
    assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & spec.keys()
    assert "sysctls" not in spec["securityContext"]
    assert all("hostPort" not in port for port in container(manifests)["ports"])
    assert all(set(volume) <= {"name", "emptyDir", "configMap", "secret", "projected"} for volume in spec["volumes"])


def test_its_namespace_enforces_the_standard(manifests: tuple[Manifest, ...]) -> None:
    """The namespace enforces `restricted`, so that nothing less confined can be started in it."""
    labels = the(manifests, "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_nothing_can_be_written_but_a_small_tmp(manifests: tuple[Manifest, ...]) -> None:
    """The root is read-only, as are Secrets, and the only other volume is a `/tmp` of limited size."""
    assert container(manifests)["securityContext"]["readOnlyRootFilesystem"] is True
    (volume,) = (volume for volume in pod(manifests)["volumes"] if "secret" not in volume)
    (mount,) = (mount for mount in container(manifests)["volumeMounts"] if not mount.get("readOnly"))
    assert (mount["name"], mount["mountPath"]) == (volume["name"], "/tmp")
    assert quantity(volume["emptyDir"]["sizeLimit"]) <= quantity("64Mi")


def test_it_has_no_token_and_no_injected_variables(manifests: tuple[Manifest, ...]) -> None:
    """The pod gets no token, and no variables of Services: one named spanwise would set SPANWISE_PORT, a setting."""
    assert pod(manifests)["automountServiceAccountToken"] is False
    assert the(manifests, "ServiceAccount")["automountServiceAccountToken"] is False
    assert pod(manifests)["serviceAccountName"] == the(manifests, "ServiceAccount")["metadata"]["name"]
    assert pod(manifests)["enableServiceLinks"] is False


def test_memory_is_limited_and_cpu_is_not(manifests: tuple[Manifest, ...]) -> None:
    """CPU and memory are requested, and only memory is limited: a CPU limit would throttle in the middle of a batch."""
    resources = container(manifests)["resources"]
    assert {"cpu", "memory"} <= resources["requests"].keys()
    assert "memory" in resources["limits"]
    assert "cpu" not in resources["limits"]
    for name, limit in resources["limits"].items():
        assert quantity(resources["requests"][name]) <= quantity(limit), name


def test_every_image_is_pinned(manifests: tuple[Manifest, ...]) -> None:
    """Every image is pinned to this project's version, which is never pushed twice; a site adds its digest."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    images = [value["image"] for value in walk(list(manifests)) if isinstance(value, dict) and "image" in value]
    assert images == [f"spanwise:{version}"]


def test_only_known_callers_come_in(manifests: tuple[Manifest, ...]) -> None:
    """The policies together allow ingress only from named peers."""
    rules = [rule for policy in of_kind(manifests, "NetworkPolicy") for rule in policy["spec"].get("ingress", ())]
    assert rules
    for rule in rules:
        assert rule["from"]
        assert all("podSelector" in peer or peer["namespaceSelector"]["matchLabels"] for peer in rule["from"])


def test_nothing_goes_out_but_to_what_a_component_needs(variant: Variant, manifests: tuple[Manifest, ...]) -> None:
    """No egress is allowed, but to the collector and the Redis with their components, each with DNS to find it."""
    policies = of_kind(manifests, "NetworkPolicy")
    assert (
        "Egress"
        in next(policy for policy in policies if policy["metadata"]["name"] == "spanwise")["spec"]["policyTypes"]
    )
    out = {policy["metadata"]["name"]: policy["spec"]["egress"] for policy in policies if policy["spec"].get("egress")}
    wanted = {"traces": ("spanwise-to-collector", 4318), "shared-quotas": ("spanwise-to-redis", 6379)}
    assert out.keys() == {wanted[component][0] for component in variant[1] if component in wanted}
    for component, (name, port) in wanted.items():
        if component not in variant[1]:
            continue
        service, names = out[name]
        assert service["ports"] == [{"protocol": "TCP", "port": port}]
        assert service["to"]
        assert all(peer[kind]["matchLabels"] for peer in service["to"] for kind in peer)
        assert names["to"][0]["podSelector"]["matchLabels"] == {"k8s-app": "kube-dns"}
        assert {(one["protocol"], one["port"]) for one in names["ports"]} == {("UDP", 53), ("TCP", 53)}


def test_what_is_called_is_let_out(manifests: tuple[Manifest, ...]) -> None:
    """The collector's address has the namespace and the port that the policy lets out to."""
    endpoint = environment(manifests).get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    policies = [
        one for one in of_kind(manifests, "NetworkPolicy") if one["metadata"]["name"] == "spanwise-to-collector"
    ]
    assert bool(endpoint) == bool(policies)
    for policy in policies:
        host, _, port = endpoint.removeprefix("http://").partition(":")
        rule = policy["spec"]["egress"][0]
        assert rule["ports"][0]["port"] == int(port)
        (peer,) = rule["to"]
        assert peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] == host.split(".")[1]


def test_no_secret_is_in_the_repository(manifests: tuple[Manifest, ...]) -> None:
    """The manifests hold no Secret; keys come from one that each site makes."""
    assert not of_kind(manifests, "Secret")
    assert not isinstance(environment(manifests).get("SPANWISE_API_KEYS"), str)


def test_production_asks_for_keys(production: tuple[Manifest, ...]) -> None:
    """Production takes its keys from a Secret's folder, not from the environment, and starts no pod without it."""
    assert environment(production)["SPANWISE_API_KEYS_FILE"] == "/etc/spanwise/api-keys/api-keys"
    secret = mounted_secrets(production)["/etc/spanwise/api-keys"]
    assert secret["secretName"] == "spanwise-api-keys"
    assert not secret.get("optional", False)
    assert "SPANWISE_API_KEYS" not in environment(production)
