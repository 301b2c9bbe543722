"""Tests of the Compose file and its proxy: confinement as in the cluster, and the waits of an upgrade."""

import re
from typing import Any

import yaml

from spanwise.service.settings import PREFIX, Settings
from tests.deploy.manifests import DEPLOY, Manifest, container

FILE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text("utf-8"))
PROXY = (DEPLOY / "compose" / "haproxy.cfg").read_text("utf-8")
INSTANCES = {name: service for name, service in FILE["services"].items() if name != "proxy"}


def test_instances_are_confined_as_in_the_cluster(production: tuple[Manifest, ...]) -> None:
    """Instances have the image, memory and user of the cluster, a read-only root and no capability."""
    for service in INSTANCES.values():
        image = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", service["image"])
        assert image == container(production)["image"]
        assert service["mem_limit"] == container(production)["resources"]["limits"]["memory"].replace("Mi", "m")
        assert service["user"] == "10001:10001"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_instances_read_keys_from_a_file() -> None:
    """Keys come from a file that the host gives, so that no environment holds them and none must be restarted."""
    for service in INSTANCES.values():
        (secret,) = service["secrets"]
        assert service["environment"]["SPANWISE_API_KEYS_FILE"] == f"/run/secrets/{secret}"
        assert "SPANWISE_API_KEYS" not in service["environment"]
        assert FILE["secrets"][secret]["file"] == "${API_KEYS_FILE:-./api-keys}"


def test_an_instance_is_stopped_no_sooner_than_it_is_done() -> None:
    """The shutdown's delay and drain end before the container engine kills the instance."""
    for service in INSTANCES.values():
        settings = _settings(service)
        grace = int(service["stop_grace_period"].removesuffix("s"))
        assert grace >= settings.shutdown_delay_seconds + settings.shutdown_seconds + 5


def test_the_proxy_notices_before_anything_is_refused() -> None:
    """The proxy checks an instance several times within the shutdown's delay, and one failed check is enough."""
    interval, fall = re.search(r"inter (\d+)ms", PROXY), re.search(r"fall (\d+)", PROXY)
    assert interval
    assert fall
    for service in INSTANCES.values():
        assert _settings(service).shutdown_delay_seconds * 1000 >= 3 * int(interval[1]) * int(fall[1])


def test_the_proxy_finds_the_instances() -> None:
    """The proxy knows the instances' addresses. Their network is internal, and only the proxy is published."""
    proxy = FILE["services"]["proxy"]
    addresses = {service["networks"]["inside"]["ipv4_address"] for service in INSTANCES.values()}
    assert {proxy["environment"]["INSTANCE_A"], proxy["environment"]["INSTANCE_B"]} == {f"{a}:8000" for a in addresses}
    assert set(re.findall(r"\$\{(\w+)\}", PROXY)) == proxy["environment"].keys()
    assert FILE["networks"]["inside"]["internal"] is True
    assert all(set(service["networks"]) == {"inside"} and "ports" not in service for service in INSTANCES.values())


def _settings(service: dict[str, Any]) -> Settings:
    """Read an instance's variables as the service does, and check that each is a setting."""
    names = {name.removeprefix(PREFIX).lower(): text for name, text in service["environment"].items()}
    assert names.keys() <= Settings.model_fields.keys()
    del names["api_keys_file"]  # it is there in the container alone
    return Settings.model_validate(names)
