"""Check what a library's user passes to an `Analyzer`, and say what was expected.

A string is one text: without the check, `entities("Tim Cook")` would be a batch of eight texts of one character.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from spanwise.pipelines.document import Document
from spanwise.schemas import Feature


class Offering(Protocol):
    """Anything that offers features under a title: an `Analyzer`."""

    @property
    def title(self) -> str: ...
    @property
    def features(self) -> frozenset[Feature]: ...


def text_list(caller: str, texts: str | Sequence[str]) -> list[str]:
    """Return the texts as a list. Raises `TypeError` unless they are one text or a list of texts."""
    return _listed(caller, texts, str, "a text (str) or a list of texts")


def document_list(texts: str | Document | Sequence[str | Document], wrap: Callable[[str], Document]) -> list[Document]:
    """Return the documents as a list; `wrap` makes one of a plain text. Raises `TypeError` for anything else."""
    listed = _listed("analyze", texts, str | Document, "a text (str), a Document, or a list of either")
    return [wrap(text) if isinstance(text, str) else text for text in listed]


def feature_set(features: Iterable[Feature], analyzer: Offering) -> frozenset[Feature]:
    """Return the features as a set.

    Raises `TypeError` where they are a string, and `ValueError` where there are none or the analyzer does not offer
    one, with what it does offer.
    """
    if isinstance(features, str):
        raise TypeError(f'features takes a set or list of names, such as {{"{features}"}}, and not a string')
    chosen = frozenset(features)
    if not chosen:
        raise ValueError("features must name at least one feature")
    if lacking := chosen - analyzer.features:
        raise ValueError(
            f"The pipeline {analyzer.title} does not offer {', '.join(sorted(lacking))}. "
            f"It offers: {', '.join(sorted(analyzer.features))}."
        )
    return chosen


def _listed(caller: str, texts: Any, kinds: Any, expected: str) -> list[Any]:
    if isinstance(texts, kinds):
        return [texts]
    if not isinstance(texts, Sequence) or isinstance(texts, bytes | bytearray | memoryview):
        raise TypeError(f"{caller}() takes {expected}, and not {type(texts).__name__}")
    for index, text in enumerate(texts):
        if not isinstance(text, kinds):
            raise TypeError(f"{caller}() takes {expected}; item {index} of the list is {type(text).__name__}")
    return texts if isinstance(texts, list) else list(texts)
