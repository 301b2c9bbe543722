"""Compare answers although numbers differ a little between processors, and some fields between engines."""

import json
from typing import Any

import pytest

_OF_THE_ENGINE = {"calibrated", "confidence", "engine", "raw_score"}


def about(answer: Any) -> Any:
    """Return a value that equals every answer with the same content and, within 0.001, the same numbers."""
    if isinstance(answer, dict):
        return {key: about(part) for key, part in answer.items()}
    if isinstance(answer, list):
        return [about(part) for part in answer]
    return pytest.approx(answer, abs=1e-3) if isinstance(answer, float) else answer


def comparable(answer: Any) -> Any:
    """Return the answer without the fields that depend on the engine; JSON Lines as a list."""
    if isinstance(answer, str) and answer.endswith("\n"):
        return [comparable(json.loads(line)) for line in answer.splitlines()]
    if isinstance(answer, dict):
        return {key: comparable(part) for key, part in answer.items() if key not in _OF_THE_ENGINE}
    if isinstance(answer, list):
        return [comparable(part) for part in answer]
    return answer
