"""The queries by which KEDA scales: promtool says what they answer, and the thresholds how many replicas that makes.

KEDA itself runs nowhere here. What it does with the answers is its documented rule: a value above 0 makes a first
replica, and then each trigger wants value ÷ threshold replicas, rounded up, of which the largest number counts.
"""

import math
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.prometheus import ROOT, program

FILE = ROOT / "deploy" / "components" / "keda" / "scaledobject.yaml"
SPEC: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))["spec"]
TRIGGERS = {trigger["name"]: trigger["metadata"] for trigger in SPEC["triggers"] if trigger["type"] == "prometheus"}

POD = 'namespace="spanwise",job="spanwise"'
OTHERS = 'namespace="spanwise-development",job="spanwise"'
QUEUE = f'spanwise_queue_characters{{{POD},pod="%s"}}'
REQUESTS = f'spanwise_requests_total{{{POD},pod="%s",operation="%s",status="200"}}'
STREAMS = f'spanwise_streams{{{POD},pod="%s"}}'
ARRIVALS = 'nginx_ingress_controller_requests{exported_namespace="spanwise",ingress="spanwise",status="%s"}'

NOBODY: dict[str, str] = {}
ZERO = {"queue": 0.0, "requests": 0.0, "streams": 0.0, "arrivals": 0.0}
IDLE = {QUEUE % "a": "0x10", REQUESTS % ("a", "analyze"): "500x10", STREAMS % "a": "0x10", ARRIVALS % "200": "500x10"}


@pytest.mark.parametrize(
    ("series", "expected", "replicas"),
    [
        pytest.param(NOBODY, {}, 0, id="no replica and no caller: nothing answers"),
        pytest.param({ARRIVALS % "200": "500x10"}, {"arrivals": 0}, 0, id="no replica, and callers only in the past"),
        pytest.param(
            {ARRIVALS % "503": "0+60x10"}, {"arrivals": 1}, 1, id="no replica, and one call a second refused in front"
        ),
        pytest.param(IDLE, ZERO, 0, id="a replica that idles"),
        pytest.param(
            IDLE | {STREAMS % "a": "1x10"}, ZERO | {"streams": 1}, 1, id="a stream that is open without requests"
        ),
        pytest.param(
            IDLE | {QUEUE % "a": "350000x10", QUEUE % "b": "150000x10"},
            ZERO | {"queue": 500_000},
            3,
            id="texts that wait",
        ),
        pytest.param(
            IDLE | {REQUESTS % ("a", "analyze_batch"): "0+60000x10", REQUESTS % ("b", "analyze"): "0+66000x10"},
            ZERO | {"requests": 2100},
            3,
            id="requests of two replicas",
        ),
        pytest.param(
            IDLE | {REQUESTS % ("a", "livez"): "0+60000x10", f"spanwise_queue_characters{{{OTHERS}}}": "9000000x10"},
            ZERO,
            0,
            id="probes, and what others do, count nothing",
        ),
    ],
)
def test_the_queries_make_as_many_replicas_as_are_needed(
    series: dict[str, str], expected: dict[str, float], replicas: int, tmp_path: Path
) -> None:
    """Prometheus answers each query as expected, or not at all, and the largest answer makes that many replicas."""
    tests = [
        {
            "expr": trigger["query"],
            "eval_time": "10m",
            "exp_samples": [{"labels": "{}", "value": expected[name]}] if name in expected else [],
        }
        for name, trigger in TRIGGERS.items()
    ]
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": numbers} for name, numbers in series.items()],
        "promql_expr_test": tests,
    }
    (tmp_path / "test.yaml").write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [case]}), "utf-8")
    command = [program("promtool"), "test", "rules", "test.yaml"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    wanted = [math.ceil(value / float(TRIGGERS[name]["threshold"])) for name, value in expected.items()]
    assert max(wanted, default=0) == replicas


def test_the_first_caller_is_seen_soon_and_the_last_replica_stays_a_while() -> None:
    """The queries are asked every few seconds, and minutes pass before the last replica goes."""
    assert SPEC["minReplicaCount"] == 0
    assert SPEC["pollingInterval"] <= 5
    assert SPEC["cooldownPeriod"] >= 300
    assert all("activationThreshold" not in trigger for trigger in TRIGGERS.values()), "any caller at all counts"
    assert all(trigger.get("ignoreNullValues", "true") == "true" for trigger in TRIGGERS.values())
