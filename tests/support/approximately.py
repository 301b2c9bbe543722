"""Answers are compared by what they say: numbers may differ by what another processor makes of them."""

from typing import Any

import pytest


def about(answer: Any) -> Any:
    """Equal to what has the same numbers within a tolerance."""
    if isinstance(answer, dict):
        return {key: about(part) for key, part in answer.items()}
    if isinstance(answer, list):
        return [about(part) for part in answer]
    return pytest.approx(answer, abs=1e-3) if isinstance(answer, float) else answer
