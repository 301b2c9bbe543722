"""What both Python programs send, and how they print what comes."""

from collections.abc import Iterator

from spanwise_client.models import AnalyzeResponse, BatchError
from spanwise_client.robust import Result
from spanwise_client.types import Unset

TEXT = "Tim Cook loved Paris."


def labels(analysis: AnalyzeResponse) -> list[str]:
    assert not isinstance(analysis.entities, Unset)
    return [entity.label for entity in analysis.entities]


def seen(result: Result) -> list[object]:
    if isinstance(result, BatchError):
        return [result.index, result.error.code]
    return [result.index, *labels(result.analysis)]


class Counted:
    """Documents that know how many of them were taken."""

    def __init__(self, number: int) -> None:
        self.number, self.taken = number, 0

    def __iter__(self) -> Iterator[str]:
        for _ in range(self.number):
            self.taken += 1
            yield TEXT
