"""The samples of a scrape, by name and labels."""

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
        """Return the value of the series with exactly these labels; 0 where there is none."""
        return self._values.get((name, frozenset(labels.items())), 0.0)

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of all series that have these labels among theirs."""
        return sum(value for (n, has), value in self._values.items() if n == name and has >= labels.items())

    @property
    def labels(self) -> dict[str, set[str]]:
        """All values of each label, `le` aside."""
        found: dict[str, set[str]] = {}
        for _, labels in self._values:
            for name, value in labels:
                if name != "le":
                    found.setdefault(name, set()).add(value)
        return found


async def scrape(client: httpx.AsyncClient) -> Samples:
    """Scrape `/metrics` now."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return Samples(answer.text)
