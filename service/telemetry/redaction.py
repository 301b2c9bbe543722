"""Keep callers' texts out of the logs: structlog processors for exceptions and for other people's log lines.

An exception's message can quote a text, and so can a message of a library. Exceptions are logged by type and frames
alone, other people's messages by their template or place.
"""

import logging
import re
import sys
import traceback
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from spanwise.pipelines.error_notes import PLACE

_TRUSTED = frozenset({"uvicorn", "asyncio"})
"""Loggers whose messages are known to hold no caller's text in their first line."""
_SPACY_CODE = re.compile(r"\[(W\d{3})\]")
_MAX_CAUSES = 10  # a longer chain of exceptions says nothing new


def redact_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by the types and frames of the exception and its causes, without messages and variables."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = describe_exception(error)
    return event


def redact_foreign_message(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace the message of another library's logger by what cannot quote a text.

    uvicorn and asyncio keep callers' texts out of their first lines; asyncio puts reprs behind it. Any other message
    is logged by its template, before its arguments are filled in, or else by its place alone; a warning by its
    category, and one of spaCy's own with its message as well. When the start fails, Starlette gives uvicorn a bare
    traceback: that is dropped, because the runtime has logged why.
    """
    record: logging.LogRecord = event["_record"]
    first = str(event["event"]).partition("\n")[0]
    if first.startswith("Traceback"):
        raise structlog.DropEvent
    if record.name == "py.warnings":  # "/path/module.py:12: UserWarning: message"
        first = ": ".join(first.split(": ", 2)[:2]) + _spacy_message(first.partition("Warning: ")[2])
    elif record.name.partition(".")[0] not in _TRUSTED:
        filled_in = str(record.msg) != str(event["event"])
        first = str(record.msg).partition("\n")[0] if filled_in else "a message that may quote anything"
        event["place"] = f"{record.pathname}:{record.lineno}"
    event["event"] = first
    return event


def name_logger(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the name of the logger, without the part that says "error".

    `uvicorn.error` is where uvicorn logs everything: whoever searches the log for errors would find its start.
    """
    name: str = event["_record"].name
    event["logger"] = ".".join(part for part in name.split(".") if "error" not in part.lower()) or "library"
    return event


def _spacy_message(message: str) -> str:
    """Return the message of one of spaCy's own warnings as ": message"; nothing for any other.

    It is spaCy's template, in which the names of what would be filled in stand in braces: that could be a text.
    """
    code = _SPACY_CODE.match(message)
    known = sys.modules.get("spacy.errors")
    template = getattr(known.Warnings, code[1], "") if code and known else ""
    return f": {template.partition(chr(10))[0]}" if template else ""


def describe_exception(error: BaseException) -> list[dict[str, Any]]:
    """Return type and frames (`file:line function`) of an exception and its causes, the outermost first.

    Of the notes on an exception only our own are taken, which name a component or a custom attribute.
    """
    chain: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < _MAX_CAUSES:
        described: dict[str, Any] = {"type": _qualified_name(type(current)), "frames": _frames(current.__traceback__)}
        if notes := [note for note in getattr(current, "__notes__", ()) if note.startswith(PLACE)]:
            described["notes"] = notes
        chain.append(described)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def _qualified_name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
