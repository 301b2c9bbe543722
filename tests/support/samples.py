"""Prometheus text as what a test asks of it."""

import httpx
from prometheus_client.parser import text_string_to_metric_families


class Samples:
    """One scrape."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self._values = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float:
        """The value of this very series; 0 where there is none."""
        return self._values.get((name, frozenset(labels.items())), 0.0)

    def total(self, name: str, **labels: str) -> float:
        """The sum of all series that have these labels among theirs."""
        return sum(value for (n, has), value in self._values.items() if n == name and has >= labels.items())

    @property
    def labels(self) -> dict[str, set[str]]:
        """What each label was ever set to, `le` aside."""
        found: dict[str, set[str]] = {}
        for _, labels in self._values:
            for name, value in labels:
                if name != "le":
                    found.setdefault(name, set()).add(value)
        return found


async def scrape(client: httpx.AsyncClient) -> Samples:
    """`/metrics` now."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return Samples(answer.text)
