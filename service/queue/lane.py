"""A lane: what waits in one line for one pipeline, and how API keys and requests take turns in it.

Two levels of deficit round robin (M. Shreedhar and G. Varghese, 1995), in the variant that charges after service and
lets a debt stand over: whoever is at the head is served until its balance is used up, then goes to the end with a new
quantum, and pays what it owes before its next turn counts. So nobody needs to know the cost of what comes next, each
decision takes constant time, and over many rounds everybody who has work gets the same estimated cost, be the texts
large or small. Short requests are served whole: by key in turns, and within a key in order of arrival.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from spanwise.service.queue.submission import LONG, Job, Kind, MicroBatch, Part, Submission

_KEYS_A_BATCH = 8  # that have short requests share a micro-batch before the first has a second turn in it


@dataclass(frozen=True, slots=True)
class Budget:
    """What a micro-batch may hold."""

    characters: int
    document_characters: int
    """What a document counts beyond its own characters, so that a batch of very short texts stays small."""
    cost: int
    """Estimated microseconds of an NLP thread."""

    def is_half(self, characters: int, documents: int, cost: int) -> bool:
        """Say whether so much is at most half a micro-batch."""
        return 2 * cost <= self.cost and 2 * (characters + documents * self.document_characters) <= self.characters


@dataclass(slots=True, eq=False)
class _KeyLine:
    """What one API key has in a lane, and the microseconds that it may still use in this turn."""

    parts: "OrderedDict[Part, None]" = field(default_factory=OrderedDict)
    balance: int = 0


class Lane:
    """The parts of requests that wait in one line for one pipeline."""

    __slots__ = ("_budget", "_half_characters", "_half_cost", "_lines", "_quantum", "_whole", "keys", "kind", "served")

    def __init__(self, kind: Kind, budget: Budget) -> None:
        self.kind = kind
        self.served = 0
        """Microseconds handed out so far; what lanes of a kind are compared by."""
        self._budget = budget
        self._whole = kind != LONG
        self._quantum = max(1, budget.cost // _KEYS_A_BATCH) if self._whole else budget.cost
        self._half_characters, self._half_cost = budget.characters // 2, budget.cost // 2
        self._lines: dict[int, _KeyLine] = {}
        """By the number of the API key; kept when they are empty."""
        self.keys: OrderedDict[int, _KeyLine] = OrderedDict()
        """The lines that are not empty, in the order of their turns."""

    def add(self, submission: Submission, jobs: list[Job]) -> Part:
        """Put documents of a request at the end of its key's line."""
        part = Part(submission, self, deque(jobs), self._budget.cost)
        caller = submission.caller
        if (line := self._lines.get(caller)) is None:
            line = self._lines[caller] = _KeyLine()
        if not line.parts:
            line.balance = self._quantum
            self.keys[caller] = line
        line.parts[part] = None
        return part

    def remove(self, part: Part) -> None:
        """Take the waiting documents of a request out, wherever in the lane they are."""
        if part.jobs:
            self._forget(self.keys[part.submission.caller], part)
            part.jobs.clear()

    def take(self, cost: int) -> MicroBatch:
        """Take the next micro-batch out: up to its budget of characters, and at most so many microseconds.

        A text of more than half a micro-batch goes alone, so that nobody else waits for what its estimate may miss.
        """
        keys, per_document = self.keys, self._budget.document_characters
        cost_left, room = cost, self._budget.characters
        jobs: list[Job] = []
        while keys:
            line = next(iter(keys.values()))
            if line.balance <= 0 and len(keys) > 1:
                self._end_turn(line)
                continue
            part = next(iter(line.parts))
            if part.balance <= 0 and len(line.parts) > 1:
                line.parts.move_to_end(part)
                part.balance += self._budget.cost
                continue
            job = part.jobs[0]
            size = job.facts[0] + per_document
            alone = size > self._half_characters or job.cost > self._half_cost
            if jobs and (alone or size > room or job.cost > cost_left):
                break
            if len(keys) > 1:
                line.balance -= job.cost
            if not self._whole and len(line.parts) > 1:
                part.balance -= job.cost
            part.jobs.popleft()
            if not part.jobs:
                self._forget(line, part)
            jobs.append(job)
            room -= size
            cost_left -= job.cost
            if alone:
                break
        taken = cost - cost_left
        self.served += taken
        return MicroBatch(self, jobs, self._budget.characters - room - per_document * len(jobs), taken)

    def charge(self, batch: MicroBatch, extra: float) -> None:
        """Let the keys and requests of a micro-batch pay, in proportion, what it took beyond its estimate.

        Whoever has nothing more in the lane, or has it alone, owes nothing.
        """
        self.served += int(extra)
        for job in batch.jobs:
            line, owed = self.keys.get(job.submission.caller), int(extra * job.cost / batch.cost)
            if line is not None and len(self.keys) > 1:
                line.balance -= owed
            if line is not None and len(line.parts) > 1:
                for part in job.submission.parts:
                    if part.lane is self:
                        part.balance -= owed

    def _end_turn(self, line: _KeyLine) -> None:
        self.keys.move_to_end(next(iter(self.keys)))
        line.balance += self._quantum

    def _forget(self, line: _KeyLine, part: Part) -> None:
        del line.parts[part]
        if not line.parts:
            del self.keys[part.submission.caller]
