"""The floor below every FastAPI service: a route with a Pydantic model that answers the JSON of an analysis."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.bare_asgi import answer_for

app = FastAPI()


class TextIn(BaseModel):
    """The request's body."""

    text: str


@app.post("/v1/entities")
async def entities(body: TextIn) -> dict[str, Any]:
    """Answer with one entity of the text that was sent."""
    return answer_for(body.text)


@app.get("/livez")
async def livez() -> dict[str, str]:
    """Answer the same question as the service's `/livez`."""
    return {"status": "alive"}
