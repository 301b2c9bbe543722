"""A spaCy component that misbehaves as the text says. It is installed for the service under test alone.

A folder of files, named by `FAULT_CONTROL`, says how it starts: `start_seconds` (how long that takes), `broken` (it
raises), `dies` (it kills its process). A text says what to do with it: RAISE, HANG (until the file `release` exists),
HOG (keep the GIL for some seconds), NONE, OTHER or WORD (return no Doc, a Doc of another text, a string).
"""

import ctypes
import os
import signal
import time
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

HOG_SECONDS = 7
"""Longer than the five seconds after which uvicorn's supervisor used to kill a worker."""

_CONTROL = Path(os.environ.get("FAULT_CONTROL", "/nonexistent"))


@Language.factory("misbehaves", assigns=["doc.ents"])
def make(nlp: Language, name: str) -> "Misbehaves":
    """Create the component, in the way that the control folder asks for."""
    if (seconds := _CONTROL / "start_seconds").exists():
        time.sleep(float(seconds.read_text()))
    if (_CONTROL / "broken").exists():
        raise ValueError("this pipeline is broken")
    if (_CONTROL / "dies").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    return Misbehaves()


class Misbehaves:
    """The component. It marks every word Paris as an entity, and otherwise does what the text says."""

    def __call__(self, doc: Doc) -> Any:
        """Misbehave, or find Paris."""
        text = doc.text
        if "RAISE" in text:
            raise ValueError(f"cannot bear {text}")
        if "HANG" in text:
            while not (_CONTROL / "release").exists():
                time.sleep(0.02)
        if "HOG" in text:
            ctypes.PyDLL(None).sleep(HOG_SECONDS)  # PyDLL keeps the GIL
        if "NONE" in text:
            return None
        if "WORD" in text:
            return "no Doc"
        if "OTHER" in text:
            other = Doc(doc.vocab, words=["Something", "of", "an", "entirely", "different", "length"] * 20)
            other.ents = [Span(other, 100, 103, label="GPE")]
            return other
        doc.ents = [Span(doc, token.i, token.i + 1, label="GPE") for token in doc if token.text == "Paris"]
        return doc
