"""What travels through the queue: the documents of one request, each on its way to an outcome of its own."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from spanwise.pipelines import Analyzer, Document
from spanwise.schemas import AnalyzeResponse

Outcome = AnalyzeResponse | BaseException
"""An analysis, or what went wrong with this very document."""


@dataclass(slots=True, eq=False)
class Submission:
    """Documents of one request on their way through the queue. Times are of `perf_counter`, in seconds."""

    request_id: str
    outcomes: list[Outcome | None]
    future: "asyncio.Future[None]"
    submitted: float
    streamed: bool = False
    """Whether it is a line of a stream."""
    started: float = 0.0
    """When the first of its documents left the queue; 0 as long as all wait."""
    finished: float = 0.0
    """When it was answered or given up."""
    pending: int = 0
    queued: set["Job"] = field(default_factory=set)

    @property
    def queue_ms(self) -> float:
        """How long its first document waited."""
        return ((self.started or self.finished) - self.submitted) * 1000

    @property
    def nlp_ms(self) -> float:
        """From its first document's start to its last document's end, or until it was given up."""
        return (self.finished - self.started) * 1000 if self.started else 0.0


@dataclass(slots=True, eq=False)
class Job:
    """One document in the queue; its outcome goes to `submission.outcomes[index]`."""

    submission: Submission
    index: int
    analyzer: Analyzer
    document: Document


def analyze_each(analyzer: Analyzer, documents: Sequence[Document]) -> list[Outcome]:
    """One outcome per document. A batch that raises is split in halves, so that one bad document fails alone."""
    try:
        return list(analyzer.analyze(documents))
    except BaseException as error:  # noqa: BLE001 - whatever a component raises is that document's own outcome
        if len(documents) == 1:
            return [error]
        middle = len(documents) // 2
        return analyze_each(analyzer, documents[:middle]) + analyze_each(analyzer, documents[middle:])
