"""What can go wrong beside the network.

    SpanwiseError
    ├── Refused            the service has refused a request as a whole
    └── DocumentRefused    it has refused one text of a batch

Where no answer comes, also after every retry, httpx's own `TransportError` is raised.
"""

import json
from typing import Any, Self

import httpx


class SpanwiseError(Exception):
    """The service has answered, and not with a result."""


class Refused(SpanwiseError):
    """A request was refused as a whole.

    `code` is the problem's, or "" where something between the service and the caller has answered. `errors` has the
    codes of what is wrong with the request, if it is a 422.
    """

    def __init__(self, status: int, code: str, detail: str, errors: tuple[str, ...] = ()) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail, self.errors = status, code, detail, errors

    @classmethod
    def by(cls, response: httpx.Response) -> Self:
        """Return the refusal in an answer that was read."""
        problem = problem_of(response)
        errors = tuple(str(error.get("code", "")) for error in problem.get("errors", ()))
        return cls(response.status_code, str(problem.get("code", "")), str(problem.get("detail", "")), errors)


class DocumentRefused(SpanwiseError):
    """One text was refused; the texts that were sent with it were not."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail


def problem_of(response: httpx.Response) -> dict[str, Any]:
    """Return the problem in an answer that was read, or {} if a gateway has answered in a way of its own."""
    try:
        problem = json.loads(response.content)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
