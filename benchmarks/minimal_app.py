"""The FastAPI app that people write today around `nlp(text)`, which the service has to outperform.

It has every advantage that costs its author nothing: only the NER is loaded, and uvicorn runs on uvloop and httptools
without an access log. The `async def` route analyses on the event loop, the `def` route in the framework's threads.
"""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.ner_alone import load_ner

app = FastAPI()
nlp = load_ner()


class TextIn(BaseModel):
    """The request's body."""

    text: str


@app.post("/entities")
async def entities(body: TextIn) -> dict[str, Any]:
    """Analyse on the event loop, where nothing else is answered meanwhile."""
    return _answer(body.text)


@app.post("/entities-in-threads")
def entities_in_threads(body: TextIn) -> dict[str, Any]:
    """Analyse in one of up to 40 threads, which take turns at the GIL."""
    return _answer(body.text)


@app.get("/livez")
async def livez() -> dict[str, str]:
    """Answer the same question as the service's `/livez`."""
    return {"status": "alive"}


def _answer(text: str) -> dict[str, Any]:
    return {
        "entities": [
            {"text": span.text, "label": span.label_, "start": span.start_char, "end": span.end_char}
            for span in nlp(text).ents
        ]
    }
