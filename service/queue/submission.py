"""The documents of one request in the queue. Each gets an outcome of its own."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, cast

from spanwise.pipelines import Analyzer, Document
from spanwise.schemas import AnalyzeResponse
from spanwise.service.queue.cost_model import Facts, Rates
from spanwise.service.queue.encoded_analysis import EncodedAnalysis, encode_analysis

if TYPE_CHECKING:
    from spanwise.service.queue.lane import Lane

Outcome = AnalyzeResponse | EncodedAnalysis | BaseException
"""The analysis of a document, encoded if its request is large, or the exception that its analysis raised."""


Kind = Literal[0, 1, 2]
"""What a submission is to the queue. Each kind waits in a line of its own (see `waiting.py`)."""
SHORT: Final = 0
"""A request of at most half a micro-batch."""
LONG: Final = 1
"""A request of more than that."""
STREAM: Final = 2
"""A line of a stream."""


@dataclass(slots=True, eq=False)
class Submission:
    """The documents of one request, from admission to the last outcome. Times are of `perf_counter`, in seconds."""

    request_id: str
    outcomes: list[Outcome | None]
    """One for each document, in the order of admission; None as long as it is pending."""
    future: "asyncio.Future[None]"
    """Done when every document has its outcome, or when the submission was given up."""
    submitted: float
    kind: Kind = SHORT
    caller: int = 0
    """The number of the caller's API key; 0 where none are configured."""
    large: bool = False
    """Whether its analyses are encoded on the NLP thread. Set before the first document leaves the queue."""
    started: float = 0.0
    """When the first document left the queue; 0 as long as all wait."""
    finished: float = 0.0
    """When the last outcome was there, or when the submission was given up."""
    pending: int = 0
    """How many documents have no outcome yet."""
    parts: list["Part"] = field(default_factory=list)
    """The documents, by pipeline."""

    @property
    def queue_ms(self) -> float:
        """How long the first document waited."""
        return ((self.started or self.finished) - self.submitted) * 1000

    @property
    def nlp_ms(self) -> float:
        """The time from the first document's start to the last one's end, or until the submission was given up."""
        return (self.finished - self.started) * 1000 if self.started else 0.0


@dataclass(slots=True, eq=False)
class Job:
    """One document in the queue. Its outcome goes to `submission.outcomes[index]`."""

    submission: Submission
    index: int
    analyzer: Analyzer
    document: Document
    rates: Rates
    facts: Facts
    cost: int
    """Estimated microseconds of an NLP thread."""


@dataclass(slots=True, eq=False)
class Part:
    """The documents of one request that go to one pipeline: what takes turns in a lane."""

    submission: Submission
    lane: "Lane"
    jobs: deque[Job]
    """The documents that still wait."""
    balance: int
    """Microseconds that it may still use in this turn; below 0, a debt that its next turns pay."""


@dataclass(slots=True, eq=False)
class MicroBatch:
    """Documents of one lane that are analysed together, in one NLP thread."""

    lane: "Lane"
    jobs: list[Job]
    characters: int
    cost: int
    """Estimated microseconds."""
    started: float = 0.0
    """When it was handed to a thread."""


def analyze_each(analyzer: Analyzer, documents: Sequence[Document]) -> list[Outcome]:
    """Analyse a batch and return one outcome per document.

    A batch that raises is split in halves, again and again, so that a bad document fails alone.
    """
    try:
        return list(analyzer.analyze_documents(documents))
    except BaseException as error:  # noqa: BLE001 - whatever a component raises becomes the document's outcome
        if len(documents) == 1:
            return [error]
        middle = len(documents) // 2
        return analyze_each(analyzer, documents[:middle]) + analyze_each(analyzer, documents[middle:])


def encode_large(batch: Sequence[Job], outcomes: list[Outcome]) -> list[Outcome]:
    """Encode the outcomes of large submissions, unless those were given up; return all outcomes."""
    for place, (job, outcome) in enumerate(zip(batch, outcomes, strict=True)):
        if job.submission.large and not isinstance(outcome, BaseException) and not job.submission.future.done():
            outcomes[place] = encode_analysis(cast("AnalyzeResponse", outcome))
    return outcomes
