"""Check what a library's user passes to an `Analyzer`, and say what was expected.

A string is one text: without the check, `entities("Tim Cook")` would be a batch of eight texts of one character, and
`labels="GPE"` three labels that no entity has. The service validates requests itself and does without these checks.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, get_args

from spanwise.pipelines.document import Document
from spanwise.schemas import Feature, OffsetEncoding

_ENCODINGS: tuple[str, ...] = get_args(OffsetEncoding.__value__)


class Offering(Protocol):
    """What an `Analyzer` says of itself."""

    @property
    def title(self) -> str: ...
    @property
    def features(self) -> frozenset[Feature]: ...
    @property
    def labels(self) -> frozenset[str]: ...
    @property
    def calibrations(self) -> object | None: ...
    @property
    def has_confidence(self) -> bool: ...


def text_list(caller: str, texts: Any) -> list[str]:
    """Return the texts as a list. Raises `TypeError` unless they are one text or a list of texts."""
    return _listed(caller, texts, str, "a text (str) or a list of texts")


def document_list(texts: Any, analyzer: Offering, wrap: Callable[[str], Document]) -> list[Document]:
    """Return the documents as a list; `wrap` makes one of a plain text.

    Raises `TypeError` for anything else, and `TypeError` or `ValueError` for a document whose options do not fit.
    """
    listed = _listed("analyze", texts, str | Document, "a text (str), a Document, or a list of either")
    return [wrap(text) if isinstance(text, str) else _checked(text, analyzer) for text in listed]


def feature_set(features: Iterable[Feature], analyzer: Offering) -> frozenset[Feature]:
    """Return the features as a set.

    Raises `TypeError` unless they are a collection of names, and `ValueError` where there are none or the analyzer does
    not offer one of them; the message says what it does offer.
    """
    chosen: frozenset[Any] = _names("features", features)
    if not chosen:
        raise ValueError(f"features must name at least one of: {_list(analyzer.features)}")
    if lacking := chosen - analyzer.features:
        raise ValueError(
            f"The pipeline {analyzer.title} does not offer {_list(lacking)}. It offers: {_list(analyzer.features)}."
        )
    return chosen


def label_set(labels: Iterable[str] | None, analyzer: Offering) -> frozenset[str] | None:
    """Return the labels as a set; None stays None, for all.

    Raises `TypeError` unless they are a collection of names, and `ValueError` for labels that no entity of the pipeline
    has.
    """
    if labels is None:
        return None
    chosen = _names("labels", labels)
    if unknown := chosen - analyzer.labels:
        raise ValueError(
            f"The pipeline {analyzer.title} has no entities labelled {_list(unknown)}. "
            f"Its labels are: {_list(analyzer.labels)}."
        )
    return chosen


def check_options(document: Document, analyzer: Offering) -> None:
    """Raise `ValueError` for an option that is out of range, or that the pipeline has nothing to apply to."""
    if (least := document.min_confidence) is not None:
        if not 0 <= least <= 1:
            raise ValueError(f"min_confidence is between 0 and 1, and not {least!r}")
        if not analyzer.has_confidence:
            raise ValueError(f"The pipeline {analyzer.title} gives no confidence, so min_confidence cannot be used.")
    if document.raw_scores and analyzer.calibrations is None:
        raise ValueError(f"spaCy's own engine serves the pipeline {analyzer.title}, and gives no raw scores.")
    if document.top is not None and document.top < 1:
        raise ValueError(f"top is at least 1, and not {document.top!r}")
    if (document.top is not None or document.min_score is not None) and "categories" not in analyzer.features:
        raise ValueError(f"The pipeline {analyzer.title} gives no categories, so top and min_score cannot be used.")


def encoding(name: OffsetEncoding) -> OffsetEncoding:
    """Return the unit of offsets. Raises `ValueError` for a unit that there is not."""
    if name not in _ENCODINGS:
        raise ValueError(f"offset_encoding must be one of {', '.join(_ENCODINGS)}, and not {name!r}")
    return name


def _checked(document: Document, analyzer: Offering) -> Document:
    if not isinstance(document.text, str):
        raise TypeError(f"the text of a Document must be str, and not {type(document.text).__name__}")
    if not isinstance(document.features, frozenset):
        raise TypeError(f"the features of a Document are a frozenset, and not {type(document.features).__name__}")
    feature_set(document.features, analyzer)
    label_set(document.labels, analyzer)
    check_options(document, analyzer)
    encoding(document.offset_encoding)
    return document


def _names(option: str, names: Any) -> frozenset[str]:
    expected = f"{option} takes a set or list of names"
    if isinstance(names, str):
        raise TypeError(f'{expected}, such as {{"{names}"}}, and not a string')
    if not isinstance(names, Iterable):
        raise TypeError(f"{expected}, and not {type(names).__name__}")
    listed = list(names)
    for name in listed:
        if not isinstance(name, str):
            raise TypeError(f"{expected}; one of them is {type(name).__name__}")
    return frozenset(listed)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _listed(caller: str, texts: Any, kinds: Any, expected: str) -> list[Any]:
    if isinstance(texts, kinds):
        return [texts]
    if not isinstance(texts, Sequence) or isinstance(texts, bytes | bytearray | memoryview):
        raise TypeError(f"{caller}() takes {expected}, and not {type(texts).__name__}")
    for index, text in enumerate(texts):
        if not isinstance(text, kinds):
            raise TypeError(f"{caller}() takes {expected}; item {index} of the list is {type(text).__name__}")
    return list(texts)
